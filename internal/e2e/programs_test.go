package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// programs is a folder with our three programs, built from the source as it is now.
type programs struct{ bin string }

// build builds them as make does. A build without the completion program could not stage anything.
func build(t *testing.T) programs {
	t.Helper()
	if _, err := program.Lookup("amd64"); err != nil {
		testenv.Absent(t, err.Error())
	}
	bin := t.TempDir()
	cmd := exec.CommandContext(t.Context(), testenv.Tool(t, "go"), "build", "-ldflags", "-s -w", "-o", bin+"/", ".",
		"./provisioner/packer-plugin-offlinejoin", "./provider/terraform-provider-offlinejoin")
	cmd.Dir = testenv.Root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return programs{bin}
}

// command is the command line offlinejoin.
func (p programs) command() string { return filepath.Join(p.bin, "offlinejoin") }

// plugged is how packer and terraform find the plugins: settings of the environment.
func plugged(t *testing.T, p programs) []string {
	t.Helper()
	packer, terraform := testenv.Tool(t, "packer"), testenv.Tool(t, "terraform")
	dir := t.TempDir()
	env := append(mirrored(t, p),
		"PATH="+p.bin+":"+filepath.Dir(packer)+":"+filepath.Dir(terraform)+":"+os.Getenv("PATH"),
		"PACKER_PLUGIN_PATH="+filepath.Join(dir, "packer"),
	)
	install := exec.CommandContext(t.Context(), packer, "plugins", "install", "--path",
		filepath.Join(p.bin, "packer-plugin-offlinejoin"), "github.com/offlinejoin/offlinejoin")
	install.Env = append(env, "HOME="+dir)
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", install, err, out)
	}
	return env
}

// mirrored is how terraform finds the provider: settings of the environment.
func mirrored(t *testing.T, p programs) []string {
	t.Helper()
	dir := t.TempDir()
	mirror := filepath.Join(dir, "mirror")
	for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		place := filepath.Join(mirror, registry, "offlinejoin", "offlinejoin", "0.1.0", runtime.GOOS+"_"+runtime.GOARCH)
		must(t, os.MkdirAll(place, 0o700))
		must(t, os.Symlink(filepath.Join(p.bin, "terraform-provider-offlinejoin"),
			filepath.Join(place, "terraform-provider-offlinejoin_v0.1.0")))
	}
	must(t, os.WriteFile(filepath.Join(dir, "terraform.rc"),
		fmt.Appendf(nil, "provider_installation {\n  filesystem_mirror { path = %q }\n}\n", mirror), 0o600))
	return []string{
		"CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE=" + filepath.Join(dir, "terraform.rc"), "TF_IN_AUTOMATION=1",
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
