package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// standIns installs, where terraform looks for providers, a stand-in for each of the others that our guides use.
func standIns(t *testing.T, env []string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "standin")
	build := exec.CommandContext(t.Context(), testenv.Tool(t, "go"), "build", "-o", program, "./internal/e2e/standin")
	build.Dir = testenv.Root()
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	for _, p := range []struct{ namespace, name, version string }{
		{"dmacvicar", "libvirt", "0.9.7"},
		{"bpg", "proxmox", "0.111.1"},
	} {
		schema, err := os.ReadFile(filepath.Join("standin", "schemas", p.name+".json"))
		must(t, err)
		place := filepath.Join(mirror(t, env), "registry.terraform.io", p.namespace, p.name, p.version,
			runtime.GOOS+"_"+runtime.GOARCH)
		must(t, os.MkdirAll(place, 0o700))
		must(t, os.WriteFile(filepath.Join(place, "schema.json"), schema, 0o600))
		must(t, os.Symlink(program, filepath.Join(place, "terraform-provider-"+p.name+"_v"+p.version)))
	}
}

// mirror returns the folder that plugged has told terraform to take providers from.
func mirror(t *testing.T, env []string) string {
	t.Helper()
	for _, setting := range env {
		if path, ok := strings.CutPrefix(setting, "TF_CLI_CONFIG_FILE="); ok {
			return filepath.Join(filepath.Dir(path), "mirror")
		}
	}
	t.Fatal("terraform has no configuration")
	return ""
}

// mistakes plants a mistake in each guide that uses another provider, such as a name that an earlier version had, and wants
// terraform to see it: else the stand-ins would let everything through.
func mistakes(t *testing.T, env []string) {
	terraform := testenv.Tool(t, "terraform")
	for _, c := range []struct{ guide, right, wrong, says string }{
		// Unknown names inside of attributes are dropped by terraform: internal/guides looks for those.
		{"libvirt", `running     = true`, `start = true`, `argument named "start" is not expected`},
		{"libvirt", `devices = {`, `devices {`, `"devices" are not expected`},
		{"libvirt-remote", `  pool = "default"`, ``, `argument "pool" is required`},
		{"libvirt-remote", `content = { url`, `content = { path`, `attribute "url" is required`},
		{"proxmox", `import_from `, `import_file `, `argument named "import_file" is not expected`},
		{"proxmox", `source_file {`, `source {`, `"source" are not expected`},
		{"proxmox", `started   = true`, `started   = []`, `bool required`},
		{"golden-image", `overlay_path = `, `overlay = `, `argument named "overlay" is not expected`},
	} {
		t.Run(c.guide+" "+strings.TrimSpace(c.wrong), func(t *testing.T) {
			t.Parallel()
			e := &example{dir: t.TempDir(), env: append(os.Environ(), env...)}
			e.copy(t, filepath.Join(testenv.Root(), "examples", "guides", c.guide))
			file := filepath.Join(e.dir, "main.tf")
			content, err := os.ReadFile(file)
			must(t, err)
			if !strings.Contains(string(content), c.right) {
				t.Fatalf("the guide has no %q", c.right)
			}
			must(t, os.WriteFile(file, []byte(strings.Replace(string(content), c.right, c.wrong, 1)), 0o600))
			e.run(t, terraform, "init", "-no-color")
			cmd := exec.CommandContext(t.Context(), terraform, "validate", "-no-color")
			cmd.Dir, cmd.Env = e.dir, e.env
			out, err := cmd.CombinedOutput()
			if words := strings.Join(strings.Fields(string(out)), " "); err == nil || !strings.Contains(words, c.says) {
				t.Errorf("terraform validate does not say %q (%v):\n%s", c.says, err, out)
			}
		})
	}
}
