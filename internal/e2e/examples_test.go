package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// examples applies what the documentation of the provider shows, and wants an empty plan after it. Of an example only
// /mnt is changed, to a folder of the test. Programs that mount images and start machines are played by scripts.
func examples(t *testing.T, p programs) {
	env := plugged(t, p)
	terraform := testenv.Tool(t, "terraform")
	root := filepath.Join(testenv.Root(), "examples")
	found := 0
	for _, kind := range []string{
		"provider", "resources/*", "data-sources/*", "ephemeral-resources/*", "functions/*", "guides/*",
	} {
		folders, err := filepath.Glob(filepath.Join(root, kind))
		must(t, err)
		for _, folder := range folders {
			found++
			name, err := filepath.Rel(root, folder)
			must(t, err)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				e := &example{dir: t.TempDir(), env: env}
				e.copy(t, folder)
				e.prepare(t, !strings.HasPrefix(name, "guides"))
				e.run(t, terraform, "init", "-no-color")
				e.run(t, terraform, "apply", "-no-color", "-auto-approve")
				e.run(t, terraform, "plan", "-no-color", "-detailed-exitcode")
			})
		}
	}
	if found < 12 {
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
		text := strings.ReplaceAll(string(content), "/mnt/", e.dir+"/mnt/")
		e.text += text
		must(t, os.WriteFile(filepath.Join(e.dir, filepath.Base(file)), []byte(text), 0o600))
	}
	if !strings.Contains(e.text, "required_providers") {
		must(t, os.WriteFile(filepath.Join(e.dir, "required.tf"), []byte(
			"terraform {\n  required_providers {\n    offlinejoin = { source = \"offlinejoin/offlinejoin\" }\n  }\n}\n"), 0o600))
	}
}

// prepare makes the blobs that an example names, the images if they are there before, and the programs of others.
func (e *example) prepare(t *testing.T, mounted bool) {
	t.Helper()
	secrets, bin := filepath.Join(e.dir, "secrets"), filepath.Join(e.dir, "bin")
	for _, folder := range []string{secrets, bin, filepath.Join(e.dir, "mnt", "images")} {
		must(t, os.MkdirAll(folder, 0o700))
	}
	machines := regexp.MustCompile(`\b(web|app|vm)[0-9]+\b`).FindAllString(e.text, -1)
	slices.Sort(machines)
	for _, machine := range slices.Compact(machines) {
		blob, err := sample.BlobFor(strings.ToUpper(machine), ridOf(machine))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(secrets, machine+".djoin"), blob.DjoinFile(), 0o600))
		if mounted {
			sampleImage(t, filepath.Join(e.dir, "mnt", machine))
		}
	}
	sampleImage(t, filepath.Join(e.dir, "disk"))
	for _, disk := range slices.Compact(regexp.MustCompile(`/mnt/images/(golden|web03)\.qcow2`).FindAllString(e.text, -1)) {
		if strings.Contains(e.text, `image_path   = "`+e.dir+disk+`"`) || strings.Contains(e.text, `image_path = "`+e.dir+disk+`"`) {
			goldenDisk(t, e.dir+disk)
		}
	}
	for name, script := range map[string]string{
		"guestmount":   `for last; do :; done; cp -r "` + e.dir + `/disk/Windows" "$last/"`,
		"guestunmount": `mv "$1/Windows" "` + e.dir + `/unmounted-$(basename "$1")"`,
		"qemu-img":     `for last; do :; done; : >"$last"`,
		"genisoimage":  `while [ "$1" != -o ]; do shift; done; grep -q AccountData "$3/autounattend.xml" && : >"$2"`,
		"qm":           `[ "$*" = "start 100" ]`,
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

// goldenDisk makes a qcow2 disk image file with the sample Windows in it.
func goldenDisk(t testing.TB, path string) {
	out, err := exec.Command(testenv.Tool(t, "qemu-img"), "convert", "-c", "-f", "raw", "-O", "qcow2",
		sampletest.Volume(t, sample.Image{}), path).CombinedOutput()
	if err != nil {
		t.Fatalf("qemu-img: %v\n%s", err, out)
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
