package offlinejoin

import (
	"strings"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// byProvisioner stages by the provisioner. It has nothing that takes a join back: its users do that by the command line, which is the
// core's Unstage.
func byProvisioner(t *testing.T, windows, blobFile string) (stage, unstage func() string) {
	return provisioned(t, map[string]any{"windows_path": windows, "blob_file": blobFile}), func() string {
		receipt, err := core.Unstage(t.Context(), core.UnstageRequest{Image: core.ImageAt(windows)})
		if err != nil {
			return err.Error()
		}
		return strings.Join(receipt.Warnings, "\n")
	}
}

func provisioned(t *testing.T, config map[string]any) (run func() string) {
	return func() string {
		shown, err := provision(t, config, nil)
		if err != nil {
			shown += err.Error()
		}
		return shown
	}
}

// TestThingsThatAnImageHasBefore: a prepared key is remade, leftovers go, a file of the program's name is told of, and a boot hook
// comes back byte for byte.
func TestThingsThatAnImageHasBefore(t *testing.T) {
	t.Parallel()
	sampletest.FrontEnd(byProvisioner).FindsThings(t)
}
