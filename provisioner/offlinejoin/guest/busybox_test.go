package guest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/provisioner/offlinejoin/guest"
)

// busybox is a guest whose only program is BusyBox, as rescue systems have it.
func busybox(t *testing.T) func() *shell {
	t.Helper()
	program := testenv.Tool(t, "busybox")
	bin := t.TempDir()
	applets, err := exec.Command(program, "--list").Output()
	must(t, err)
	for name := range strings.Lines(string(applets)) {
		must(t, os.Symlink(program, filepath.Join(bin, strings.TrimSpace(name))))
	}
	return func() *shell {
		return &shell{name: filepath.Join(bin, "sh"), prefix: "PATH=" + bin + "; export PATH; "}
	}
}

// frugal is a guest whose programs refuse the options that those of macOS and the BSDs do not have (documented in their manual
// pages, and in POSIX). No such system has been used.
func frugal(t *testing.T) func() *shell {
	t.Helper()
	bin := t.TempDir()
	refused := map[string]string{
		"dd":       "iflag=*|oflag=*|status=*|conv=*fdatasync*",
		"stat":     "-c*|--format*|--printf*",
		"mktemp":   "--*|-p*",
		"cp":       "--*",
		"mv":       "--*|-T|-t",
		"rm":       "--*",
		"ln":       "--*|-T|-r",
		"ls":       "--*",
		"head":     "--*",
		"readlink": "-e|-m|--*",
		"sync":     "-*|/*",
		"truncate": "--*",
		"sed":      "-r|--*|-z",
		"grep":     "-P|--*|-z",
		"wc":       "--*",
		"find":     "-printf",
		"sort":     "-z|--*",
	}
	path := os.Getenv("PATH")
	for name, pattern := range refused {
		real, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		must(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\nfor a in \"$@\"; do case $a in "+pattern+
			") echo \""+name+": illegal option $a\" >&2; exit 64;; esac; done\nPATH='"+path+"' exec "+real+" \"$@\"\n"), 0o755))
	}
	return func() *shell { return &shell{prefix: "PATH=" + bin + ":$PATH; export PATH; "} }
}

// TestStagesWithFewPrograms takes a clean image, a dirty one and an answer file through their lives on guests whose programs can
// little.
func TestStagesWithFewPrograms(t *testing.T) {
	t.Parallel()
	for name, machine := range map[string]func(*testing.T) func() *shell{"busybox": busybox, "BSD": frugal} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			comm := machine(t)
			for kind, image := range map[string]func(t *testing.T) string{
				"clean": func(t *testing.T) string { return sampletest.Image(t, sample.Image{}) },
				"dirty": func(t *testing.T) string {
					windows := sampletest.Image(t, sample.Image{})
					sampletest.Dirty(t, windows)
					return windows
				},
				"answer file": answered,
			} {
				t.Run(kind, func(t *testing.T) {
					blob, _ := sampletest.Blob(t)
					windows := image(t)
					receipt, err := stage(t.Context(), comm(), windows, blob.Bytes())
					must(t, err)
					if state := stateOf(t, windows); receipt.Outcome != core.OutcomeStaged || state != core.StateStaged {
						t.Fatalf("%s, the image is %s", receipt.Outcome, state)
					}
					onlyTheImage(t, windows)
					m, err := guest.Open(t.Context(), comm(), windows)
					must(t, err)
					tree := remotedir.NewTree(m, imagefs.Location{WindowsPath: windows, Machine: "guest"})
					defer tree.Close() // it only forgets
					_, err = core.Unstage(t.Context(), core.UnstageRequest{Image: core.Image{Location: tree.Location(), Open: tree.Opener()}})
					must(t, err)
					if state := stateOf(t, windows); state != core.StateAbsent {
						t.Errorf("taken back, the image is %s", state)
					}
				})
			}
		})
	}
}
