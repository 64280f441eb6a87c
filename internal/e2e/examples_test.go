package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/golden"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// examples applies what the documentation of the provider shows, and wants an empty plan after it, and nothing of the blobs but
// their own files after it was destroyed. Of an example only
// /mnt, /srv and /var/lib are changed, to folders of the test. The providers of others are played by stand-ins, and what
// makes an ISO image by a script.
func examples(t *testing.T, p programs) {
	env := plugged(t, p)
	standIns(t, env)
	terraform := testenv.Tool(t, "terraform")
	root := filepath.Join(testenv.Root(), "examples")
	found := 0
	for _, kind := range []string{
		"provider", "resources/*", "data-sources/*", "ephemeral-resources/*", "functions/*", "guides/*",
	} {
		folders, err := filepath.Glob(filepath.Join(root, kind))
		must(t, err)
		for _, folder := range folders {
			if tf, err := filepath.Glob(filepath.Join(folder, "*.tf")); err != nil || len(tf) == 0 {
				continue // a guide may show other things
			}
			found++
			name, err := filepath.Rel(root, folder)
			must(t, err)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				e := &example{dir: t.TempDir(), env: env}
				e.copy(t, folder)
				e.prepare(t)
				e.run(t, terraform, "init", "-no-color")
				if strings.Contains(e.text, "active_directory") { // corp.example.com is nowhere; provider/offlinejoin has one that is
					e.run(t, terraform, "validate", "-no-color")
					return
				}
				e.run(t, terraform, "apply", "-no-color", "-auto-approve")
				e.run(t, terraform, "plan", "-no-color", "-detailed-exitcode")
				e.run(t, terraform, "destroy", "-no-color", "-auto-approve")
				e.holdsNoSecret(t)
			})
		}
	}
	t.Run("mistakes", func(t *testing.T) { mistakes(t, env) })
	if found < 14 {
		t.Errorf("there are only %d examples", found)
	}
}

// example is one that is tried out.
type example struct {
	dir, text string
	env       []string
}

// copy takes over the files of an example, but not the imports, which want a join that is there before.
func (e *example) copy(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	must(t, err)
	for _, file := range files {
		if strings.HasPrefix(filepath.Base(file), "import") {
			continue
		}
		content, err := os.ReadFile(file)
		must(t, err)
		text := regexp.MustCompile(`"/(mnt|srv|var/lib)/`).ReplaceAllString(string(content), `"`+e.dir+`/$1/`)
		e.text += text
		must(t, os.WriteFile(filepath.Join(e.dir, filepath.Base(file)), []byte(text), 0o600))
	}
}

// prepare makes the blobs and the images that an example names, and the programs of others.
func (e *example) prepare(t *testing.T) {
	t.Helper()
	secrets, bin := filepath.Join(e.dir, "secrets"), filepath.Join(e.dir, "bin")
	for _, folder := range []string{"mnt", "srv/machines", "srv/upload", "var/lib/libvirt/images"} {
		must(t, os.MkdirAll(filepath.Join(e.dir, filepath.FromSlash(folder)), 0o700))
	}
	for _, folder := range []string{secrets, bin} {
		must(t, os.MkdirAll(folder, 0o700))
	}
	disks := map[string]bool{}
	for _, m := range regexp.MustCompile(`\bimage_path\s*=\s*"([^"$]+\.qcow2)"`).FindAllStringSubmatch(e.text, -1) {
		if !disks[m[1]] {
			must(t, os.MkdirAll(filepath.Dir(m[1]), 0o700))
			must(t, golden.WriteDisk(m[1], sample.Image{}))
		}
		disks[m[1]] = true
	}
	machines := regexp.MustCompile(`\b(web|app|vm)[0-9]+\b`).FindAllString(e.text, -1)
	slices.Sort(machines)
	for _, machine := range slices.Compact(machines) {
		blob, err := sample.BlobFor(strings.ToUpper(machine), ridOf(machine))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(secrets, machine+".djoin"), blob.DjoinFile(), 0o600))
		if strings.Contains(e.text, "/mnt/") {
			sampleImage(t, filepath.Join(e.dir, "mnt", machine))
		}
	}
	for name, script := range map[string]string{
		"genisoimage": `while [ "$1" != -o ]; do shift; done; grep AccountData "$3/autounattend.xml" >"$2"`,
	} {
		must(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\nset -eu\n"+script+"\n"), 0o700))
	}
	e.env = append(os.Environ(), e.env...)
	for i, setting := range e.env {
		if path, ok := strings.CutPrefix(setting, "PATH="); ok {
			e.env[i] = "PATH=" + bin + ":" + path
		}
	}
	blob, err := os.ReadFile(filepath.Join(secrets, "web01.djoin"))
	if err == nil {
		b, err := odj.Parse(blob)
		must(t, err)
		e.env = append(e.env, "TF_VAR_blob="+b.AccountData())
	}
}

// holdsNoSecret looks for the blobs in all files but those that they came in.
func (e *example) holdsNoSecret(t *testing.T) {
	t.Helper()
	blobs, err := filepath.Glob(filepath.Join(e.dir, "secrets", "*.djoin"))
	must(t, err)
	search := canary.For(nil)
	for _, file := range blobs {
		content, err := os.ReadFile(file)
		must(t, err)
		b, err := odj.Parse(content)
		must(t, err)
		search = search.And(canary.ForBlob(b.Bytes(), b.MachinePassword()))
	}
	found, files, err := search.InTree(e.dir, func(path string) bool {
		return slices.Contains(blobs, path) || filepath.Base(path) == ".terraform"
	})
	must(t, err)
	for path, what := range found {
		t.Errorf("after terraform destroy %s holds %q", path, what)
	}
	if files == 0 {
		t.Error("no file was looked at")
	}
}

func (e *example) run(t *testing.T, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Env = e.dir, e.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", args[0], err, out)
	}
}
