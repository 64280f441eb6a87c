package offlinejoin

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// byResource applies a resource and destroys it.
func byResource(t *testing.T, windows, blobFile string) (stage, unstage func() string) {
	config := map[string]string{"windows_path": windows, "blob_file": blobFile}
	var applied *tfprotov6.ApplyResourceChangeResponse
	stage = func() string {
		p := newPlugin(t, nil)
		planned := p.plan(config)
		applied = p.apply(config, planned)
		return plainDiagnostics(t, append(planned.Diagnostics, applied.Diagnostics...))
	}
	unstage = func() string {
		return plainDiagnostics(t, newPlugin(t, nil).destroy(applied.NewState, applied.Private))
	}
	return stage, unstage
}

// TestThingsThatAnImageHasBefore: a prepared key is remade, leftovers go, a file of the program's name is told of, and a boot hook
// comes back byte for byte.
func TestThingsThatAnImageHasBefore(t *testing.T) {
	t.Parallel()
	sampletest.FrontEnd(byResource).FindsThings(t)
}
