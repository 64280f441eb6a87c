package offlinejoin

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// byProvisioner has nothing that takes a join back.
func byProvisioner(t *testing.T, windows, blobFile string) (stage, unstage func() string) {
	return provisioned(t, map[string]any{"windows_path": windows, "blob_file": blobFile}), nil
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

// TestThingsThatAnImageHasBefore: a prepared key is remade, leftovers go, and a file of the program's name and a boot hook of
// somebody else's are told of.
func TestThingsThatAnImageHasBefore(t *testing.T) {
	t.Parallel()
	sampletest.FrontEnd(byProvisioner).FindsThings(t)
}
