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
	for name, one := range map[string]struct{ program, many string }{
		"terraform": {testenv.Tool(t, "terraform"), "100"},
		"tofu":      {tofu(), "20"},
	} {
		if one.program == "" {
			t.Logf("%s is not installed, so its scripts are left out", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			settings := []string{"TF=" + one.program, "MANY=" + one.many, "TF_VAR_many=" + one.many}
			w := world{env: append(env[:len(env):len(env)], settings...), image: sampleImage, blob: composeBlob}
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
