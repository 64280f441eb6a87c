package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// docBlock is a block of code of a page, with the comment that stands above it.
type docBlock struct {
	section, comment, language, text string
}

var (
	blockStart   = regexp.MustCompile("^```([a-z]+)$")
	blockComment = regexp.MustCompile(`^<!-- (.*) -->$`)
)

func docBlocks(t *testing.T, page string) []docBlock {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testenv.Root(), page))
	must(t, err)
	var all []docBlock
	var in *docBlock
	section, comment := "", ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		start, above := blockStart.FindStringSubmatch(line), blockComment.FindStringSubmatch(line)
		switch {
		case in != nil && line == "```":
			all, in = append(all, *in), nil
		case in != nil:
			in.text += line + "\n"
		case start != nil:
			in = &docBlock{section, comment, start[1], ""}
			comment = ""
		case above != nil:
			comment = above[1]
		case strings.HasPrefix(line, "## "):
			section = line[3:]
		}
	}
	return all
}

// notRunHere are the sections' blocks that need what is not on this machine, by their first line: each has the reason above it.
var notRunHere = []string{"brew ", "scoop ", "docker ", "gh attestation ", "Set-CIPolicyIdInfo "}

// TestReleaseInstallLines runs every line of docs/install.md as it stands there, section by section, each on a machine of its own.
func TestReleaseInstallLines(t *testing.T) {
	t.Parallel()
	terraform, packer := testenv.Tool(t, "terraform"), testenv.Tool(t, "packer")
	for _, tool := range []string{"curl", "dpkg", "rpm", "unzip", "gpg", "git", "make"} {
		testenv.Tool(t, tool)
	}
	r := newSignedRelease(t)
	sections := map[string][]docBlock{}
	var order []string
	for _, b := range docBlocks(t, "docs/install.md") {
		if sections[b.section] == nil {
			order = append(order, b.section)
		}
		sections[b.section] = append(sections[b.section], b)
	}
	if len(order) < 6 {
		t.Fatalf("only the sections %q have lines", order)
	}
	for _, section := range order {
		t.Run(section, func(t *testing.T) {
			t.Parallel()
			u := r.host(t, "").installer(t)
			root := u.shims(filepath.Dir(terraform), filepath.Dir(packer))
			ran := 0
			for _, b := range sections[section] {
				name, isFile := strings.CutPrefix(b.comment, "file: ")
				switch {
				case isFile:
					u.write(name, b.text)
				case strings.HasPrefix(b.comment, "not run: "):
					if !slices.ContainsFunc(notRunHere, func(p string) bool { return strings.HasPrefix(b.text, p) }) {
						t.Errorf("it can be run here:\n%s", b.text)
					}
				default:
					out, err := u.run("bash", "-euo", "pipefail", "-c", b.text)
					if err != nil {
						t.Fatalf("%v\n%s\n%s", err, b.text, out)
					}
					ran++
				}
			}
			if ran == 0 && section != "Windows with application control" {
				t.Error("nothing of it was run")
			}
			installed(t, u, root, section)
		})
	}
}

// shims puts programs before the PATH: sudo that only runs what it is given, and package managers that install below a folder,
// which is returned.
func (u *installer) shims(tools ...string) string {
	u.t.Helper()
	bin, root := u.t.TempDir(), u.t.TempDir()
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/rpm"} {
		must(u.t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	for _, file := range []string{"var/lib/dpkg/status", "var/lib/dpkg/available"} {
		must(u.t, os.WriteFile(filepath.Join(root, file), nil, 0o644))
	}
	for name, line := range map[string]string{
		"sudo": `exec "$@"`,
		"dpkg": `exec /usr/bin/dpkg --force-not-root --force-script-chrootless --log=/dev/null --root=` + root + ` "$@"`,
		"rpm":  `exec /usr/bin/rpm --root=` + root + ` "$@"`,
	} {
		must(u.t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+line+"\n"), 0o755))
	}
	home := u.setting("HOME")
	gopath, err := exec.Command("go", "env", "GOMODCACHE", "GOCACHE").Output()
	must(u.t, err)
	caches := strings.Fields(string(gopath))
	u.env = append(u.env,
		"PATH="+bin+":"+strings.Join(tools, ":")+":"+os.Getenv("PATH"),
		"GOMODCACHE="+caches[0], "GOCACHE="+caches[1], "GOBIN="+filepath.Join(home, "bin"), "GOPATH="+filepath.Join(home, "go"),
		// The host of the source is this repository.
		"GIT_CONFIG_COUNT=2",
		"GIT_CONFIG_KEY_0=url."+testenv.Root()+".insteadOf", "GIT_CONFIG_VALUE_0=https://github.com/offlinejoin/offlinejoin",
		"GIT_CONFIG_KEY_1=safe.directory", "GIT_CONFIG_VALUE_1=*",
	)
	return root
}

// setting returns a setting of the environment; the last one counts.
func (u *installer) setting(name string) string {
	for _, s := range slices.Backward(u.env) {
		if value, ok := strings.CutPrefix(s, name+"="); ok {
			return value
		}
	}
	return ""
}

// installed looks whether what a section has installed is there and runs.
func installed(t *testing.T, u *installer, root, section string) {
	t.Helper()
	home := u.setting("HOME")
	runs := func(path string) {
		t.Helper()
		if out, err := u.run(path, "version", "--short"); err != nil || out != "0.1.0" {
			t.Errorf("%s: %v %s", path, err, out)
		}
	}
	switch section {
	case "The command line":
		runs(filepath.Join(root, "usr/bin/offlinejoin")) // of the .rpm, which came last
		runs(filepath.Join(home, ".local/bin/offlinejoin"))
	case "From source":
		runs(filepath.Join(home, "bin/offlinejoin"))
		u.write("main.tf", requiring(officialSource))
		u.well("unauthenticated", "bash", "-c", "terraform init -input=false && packer plugins installed | grep offlinejoin_v0.1.0")
	case "Packer", "Without the internet":
		u.well(`offlinejoin_v0\.1\.0_x5\.0`, "bash", "-c", "packer plugins installed")
	}
}

// TestReadmeInstallLines holds the README to what the test above runs.
func TestReadmeInstallLines(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join(testenv.Root(), "README.md"))
	must(t, err)
	var lines strings.Builder
	for _, b := range docBlocks(t, "docs/install.md") {
		if !strings.HasPrefix(b.comment, "not run: ") {
			lines.WriteString(b.text)
		}
	}
	_, section, _ := strings.Cut(string(readme), "\n## Install\n")
	section, _, _ = strings.Cut(section, "\n## ")
	found := 0
	for row := range strings.Lines(section) {
		if !strings.HasPrefix(row, "| ") || strings.HasPrefix(row, "| you use") {
			continue
		}
		for _, code := range regexp.MustCompile("`[^`]+`").FindAllString(row, -1) {
			code = strings.TrimSuffix(strings.Trim(code, "`"), " .")
			found++
			if !strings.Contains(code, "required_") && !strings.Contains(lines.String(), code) {
				t.Errorf("README.md: %q is in no block of docs/install.md that is run", code)
			}
		}
	}
	if found < 9 {
		t.Errorf("only %d lines were found", found)
	}
}
