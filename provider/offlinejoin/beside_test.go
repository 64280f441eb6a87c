package offlinejoin

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// A join of another tool beside ours is warned about when the resource is read, and is no change of the resource.
func TestAJoinBesideOursIsWarnedAbout(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	p := newPlugin(t, nil)
	config := map[string]string{"windows_path": image, "blob_file": file}
	applied := p.apply(config, p.plan(config))
	p.good(applied.Diagnostics)
	if shown := plainDiagnostics(t, p.refresh(applied.NewState, applied.Private).Diagnostics); shown != "" {
		t.Fatalf("before: %s", shown)
	}
	sampletest.Foreign(t, image)
	read := p.refresh(applied.NewState, applied.Private)
	p.good(read.Diagnostics)
	shown := plainDiagnostics(t, read.Diagnostics)
	if !strings.Contains(shown, "Another join beside") || !strings.Contains(shown, `SYSTEM\Setup\DJOIN`) {
		t.Errorf("reading shows %q", shown)
	}
}

func TestAccAJoinBesideOursIsNoChange(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	scenario(t, imageIs(t, image, core.StateForeign),
		resource.TestStep{Config: fromFile(image, file, "")},
		resource.TestStep{
			PreConfig: func() { sampletest.Foreign(t, image) },
			Config:    fromFile(image, file, ""), ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan()),
			Check: imageIs(t, image, core.StateStaged),
		},
	)
}
