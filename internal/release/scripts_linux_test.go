package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

// script runs one of the scripts of this package in a copy of the source's top folder.
func script(t *testing.T, dir, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testenv.Tool(t, "sh"), append([]string{"internal/release/" + name}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "GIT_CONFIG_COUNT=3", "GIT_CONFIG_KEY_0=user.name", "GIT_CONFIG_VALUE_0=a test",
		"GIT_CONFIG_KEY_1=user.email", "GIT_CONFIG_VALUE_1=test@example.com", "GIT_CONFIG_KEY_2=safe.directory", "GIT_CONFIG_VALUE_2=*")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestAgree dates the changelog as a release does, and then lets one of the places disagree.
func TestAgree(t *testing.T) {
	t.Parallel()
	v := version.Version
	notYet := regexp.MustCompile(`Version \S+ is not published yet: `)
	for name, tt := range map[string]struct {
		tag    string
		change map[string]string // of a file: old, new
		want   []string
	}{
		"all agree":          {tag: "v" + v},
		"another tag":        {tag: "v9.9.9", want: []string{"v9.9.9", v}},
		"no date":            {tag: "v" + v, change: map[string]string{"CHANGELOG.md": "## " + v + " (2026-11-28)|## " + v}, want: []string{"no heading"}},
		"another source":     {tag: "v" + v, change: map[string]string{"internal/version/version.go": `"` + v + `"|"0.9.0"`}, want: []string{"0.9.0"}},
		"old docs":           {tag: "v" + v, change: map[string]string{"docs/install.md": "offlinejoin_" + v + "_amd64.deb|offlinejoin_0.0.9_amd64.deb"}, want: []string{"docs/install.md", "0.0.9"}},
		"not published yet?": {tag: "v" + v, change: map[string]string{"README.md": "## Safety|It is not published yet.\n\n## Safety"}, want: []string{"README.md says"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, file := range []string{"README.md", "CHANGELOG.md", "docs/README.md", "docs/install.md", "internal/version/version.go", "internal/release/agree.sh"} {
				text, err := os.ReadFile(filepath.Join(testenv.Root(), file))
				must(t, err)
				s := notYet.ReplaceAllString(strings.Replace(string(text), "## Unreleased\n", "## "+v+" (2026-11-28)\n", 1), "")
				if change := tt.change[file]; change != "" {
					old, now, _ := strings.Cut(change, "|")
					if !strings.Contains(s, old) {
						t.Fatalf("%s has no %q", file, old)
					}
					s = strings.ReplaceAll(s, old, now)
				}
				must(t, writeFile(filepath.Join(dir, file), []byte(s)))
			}
			out, err := script(t, dir, "agree.sh", tt.tag)
			if (err == nil) != (tt.want == nil) {
				t.Errorf("%v\n%s", err, out)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is missing in %s", want, out)
				}
			}
		})
	}
}

// TestChangelogHeadings keeps to the headings that users of Terraform and Packer know, in their order.
func TestChangelogHeadings(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(testenv.Root(), "CHANGELOG.md"))
	must(t, err)
	order := []string{"BREAKING CHANGES", "FEATURES", "ENHANCEMENTS", "BUG FIXES", "SECURITY"}
	heading := regexp.MustCompile(`^[A-Z]{2,}[A-Z ]*`)
	last, found := -1, 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "## ") {
			last = -1
			if !regexp.MustCompile(`^## (Unreleased|\d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\))\n$`).MatchString(line) {
				t.Errorf("%q is no heading of a version", line)
			}
			continue
		}
		words := strings.TrimSpace(strings.TrimSuffix(heading.FindString(line), " since"))
		if words == "" || strings.HasPrefix(line, " ") {
			continue
		}
		at := slices.Index(order, words)
		if at <= last {
			t.Errorf("the heading %q has another name or place than %q", strings.TrimSpace(line), order)
		}
		last = max(last, at)
		found++
	}
	if found < 2 {
		t.Errorf("only %d headings", found)
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"notes.sh", "links.sh"} {
		text, err := os.ReadFile(filepath.Join(testenv.Root(), "internal", "release", name))
		must(t, err)
		must(t, writeFile(filepath.Join(dir, "internal", "release", name), text))
	}
	must(t, writeFile(filepath.Join(dir, "CHANGELOG.md"), []byte("# Changelog\n\n## 0.2.0 (2027-01-02)\n\nFEATURES\n\n- [one](docs/x.md#y), "+
		"[two](https://example.com/)\n\n## 0.1.0 (2026-11-28)\n\n- old\n")))
	out, err := script(t, dir, "notes.sh", "v0.2.0")
	if want := "\nFEATURES\n\n- [one](" + repository + "/blob/v0.2.0/docs/x.md#y), [two](https://example.com/)\n"; err != nil || out != want {
		t.Errorf("%v\n%q\nwant %q", err, out, want)
	}
	if out, err := script(t, dir, "notes.sh", "v0.3.0"); err == nil || !strings.Contains(out, "says nothing about 0.3.0") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestMirror writes both repositories, twice.
func TestMirror(t *testing.T) {
	t.Parallel()
	git := testenv.Tool(t, "git")
	for name, want := range map[string][]string{
		packer:   {".web-docs/metadata.hcl", ".web-docs/README.md", ".github/workflows/docs.yml", "README.md", "LICENSE", "CHANGELOG.md"},
		provider: {"docs/index.md", "docs/resources/staged_join.md", "docs/guides/qemu.md", "terraform-registry-manifest.json", "README.md", "LICENSE", "CHANGELOG.md"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bare := filepath.Join(t.TempDir(), name+".git")
			must(t, exec.CommandContext(t.Context(), git, "init", "-q", "--bare", "-b", "main", bare).Run())
			if out, err := script(t, testenv.Root(), "mirror.sh", name, "v0.1.0", bare); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			list := func(args ...string) string {
				out, err := exec.CommandContext(t.Context(), git, append([]string{"-C", bare}, args...)...).CombinedOutput()
				if err != nil {
					t.Fatalf("%v %s", err, out)
				}
				return string(out)
			}
			files := strings.Fields(list("ls-tree", "-r", "--name-only", "v0.1.0"))
			for _, file := range want {
				if !slices.Contains(files, file) {
					t.Errorf("%s is missing", file)
				}
			}
			for _, file := range files {
				if strings.HasSuffix(file, ".go") || strings.HasPrefix(file, "docs/commands") || strings.HasPrefix(file, "docs/internals") {
					t.Errorf("%s has no place there", file)
				}
			}
			if list("rev-parse", "main") != list("rev-parse", "v0.1.0^{commit}") {
				t.Error("main is not at the tag")
			}
			brokenLinks(t, files, func(file string) string { return list("show", "v0.1.0:"+file) })
			out, err := script(t, testenv.Root(), "mirror.sh", name, "v0.1.0", bare)
			if err == nil || !strings.Contains(out, "has v0.1.0 already") {
				t.Errorf("a second time: %v\n%s", err, out)
			}
			if out, err := script(t, testenv.Root(), "mirror.sh", name, "v0.1.1", bare); err != nil {
				t.Errorf("the next version: %v\n%s", err, out)
			}
		})
	}
	if out, err := script(t, testenv.Root(), "mirror.sh", "something", "v0.1.0", t.TempDir()); err == nil {
		t.Errorf("another name: %s", out)
	}
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)`)

// brokenLinks looks for relative links that lead nowhere.
func brokenLinks(t *testing.T, files []string, read func(string) string) {
	t.Helper()
	pages := 0
	for _, file := range files {
		if !strings.HasSuffix(file, ".md") {
			continue
		}
		pages++
		for _, m := range link.FindAllStringSubmatch(read(file), -1) {
			if target := m[1]; !strings.HasPrefix(target, "/") && !strings.Contains(target, ":") && !slices.ContainsFunc(files, func(f string) bool {
				whole := filepath.Join(filepath.Dir(file), target)
				return f == whole || strings.HasPrefix(f, whole+"/")
			}) {
				t.Errorf("%s links to %s", file, target)
			}
		}
	}
	if pages < 3 {
		t.Errorf("only %d pages", pages)
	}
}

// TestSignRefuses signs nothing without keys that are one pair.
func TestSignRefuses(t *testing.T) {
	t.Parallel()
	testenv.Tool(t, "gpg")
	dir := t.TempDir()
	must(t, writeFile(filepath.Join(dir, command, "x_SHA256SUMS"), []byte("sums\n")))
	public := filepath.Join(dir, "key.asc")
	must(t, os.WriteFile(public, armored(t, 1, false), 0o600)) // RSA; of another pair
	private := string(armored(t, 1, true))
	for want, tt := range map[string]struct{ private, public string }{
		"holds no key":       {"", public},
		"no public key at":   {private, filepath.Join(dir, "none.asc")},
		"the private key is": {private, public},
	} {
		cmd := exec.CommandContext(t.Context(), "sh", "internal/release/sign.sh", dir, tt.public)
		cmd.Dir, cmd.Env = testenv.Root(), append(os.Environ(), "GPG_PRIVATE_KEY="+tt.private)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v, want %q in\n%s", err, want, out)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*", "*.sig")); err != nil || len(left) > 0 {
		t.Errorf("signed all the same: %q %v", left, err)
	}
}
