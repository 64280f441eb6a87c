package offlinejoin

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory/activedirectorytest"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestAJoinOfAnotherState: who plans a new resource for a join that is there is told that it is taken over, and not where a resource
// of this run has it.
func TestAJoinOfAnotherState(t *testing.T) {
	t.Parallel()
	_, file := sampletest.Blob(t)
	config := map[string]string{"windows_path": sampletest.Image(t, sample.Image{}), "blob_file": file}
	p := newPlugin(t, nil)
	planned := p.plan(config)
	if said := sayings(planned.Diagnostics); said != "" {
		t.Errorf("an image without a join: %s", said)
	}
	applied := p.apply(config, planned)
	p.good(applied.Diagnostics)

	other := newPlugin(t, nil)
	expect(t, other.plan(config).Diagnostics, false, "holds this very join since ")
	renamed := newPlugin(t, nil)
	renamed.good(renamed.refresh(applied.NewState, applied.Private).Diagnostics)
	if said := sayings(renamed.plan(config).Diagnostics); strings.Contains(said, "this very join") {
		t.Errorf("a new name of a resource of this run: %s", said)
	}
}

// TestADomainJoinOfAnotherState is the same for a join whose account the resource makes.
func TestADomainJoinOfAnotherState(t *testing.T) {
	t.Parallel()
	tree := map[string]any{"windows_path": sampletest.Image(t, sample.Image{})}
	overlay := map[string]any{"image_path": goldenImage(t), "overlay_path": filepath.Join(t.TempDir(), "web01.qcow2")}
	for _, config := range []map[string]any{tree, overlay} {
		config["machine_name"] = "WEB01"
		d := &activedirectorytest.Domain{}
		made := newDomainPlugin(t, d).join(config)
		_, planned := newDomainPlugin(t, d).planJoin(config)
		expect(t, planned.Diagnostics, false, "holds this very join since ")
		renamed := newDomainPlugin(t, d)
		renamed.good(renamed.refresh(made.state, made.private).Diagnostics)
		if _, planned := renamed.planJoin(config); strings.Contains(sayings(planned.Diagnostics), "this very join") {
			t.Errorf("a new name of a resource of this run: %s", sayings(planned.Diagnostics))
		}
	}
}
