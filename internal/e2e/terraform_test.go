package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// terraforms runs the scripts in testdata/terraform with the real terraform, and with the real tofu when there is one:
// on the path, or where `make tofu-cli` builds it.
func terraforms(t *testing.T, p programs) {
	env := plugged(t, p)
	for name, program := range map[string]string{"terraform": testenv.Tool(t, "terraform"), "tofu": tofu()} {
		if program == "" {
			t.Logf("%s is not installed, so its scripts are left out", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			w := world{env: append(env[:len(env):len(env)], "TF="+program), image: sampleImage, blob: composeBlob}
			w.run(t, "terraform")
		})
	}
}

// tofu returns the path of an OpenTofu, or nothing. It takes eight minutes to build, so that CI does without.
func tofu() string {
	if path, err := exec.LookPath("tofu"); err == nil {
		return path
	}
	path, err := exec.LookPath(filepath.Join(testenv.Root(), ".build", "tools", "tofu"))
	if err != nil {
		return ""
	}
	return path
}
