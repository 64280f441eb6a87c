package offlinejoin

import (
	"bytes"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

const createFirst = "lifecycle {\n    create_before_destroy = true\n  }"

// createFirstWayOut is how the refusal of a successor reads, wherever Terraform breaks its lines.
const createFirstWayOut = `(?s)already\s+holds\s+a\s+staged\s+join.*set\s+on_existing\s+=\s+"replace"\s+and\s+apply\s+again`

// A tainted resource with create_before_destroy and a new blob: the new one comes first and finds the join of the old one in
// the image. Nothing tells the provider whose that is, so it is refused, with nothing written and the way out, which helps.
func TestAccCreateBeforeDestroyWithANewBlob(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	first, firstFile := sampletest.Blob(t)
	second, secondFile := sampletest.Blob(t)
	var before keptFiles
	holds := func(blob *odj.Blob) []statecheck.StateCheck {
		return []statecheck.StateCheck{
			has("status", knownvalue.StringExact("staged")), has("fingerprint", knownvalue.StringExact(blob.Fingerprint())),
		}
	}
	scenario(t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{Config: fromFile(image, firstFile, createFirst), ConfigStateChecks: holds(first)},
		resource.TestStep{
			PreConfig: func() { before = keep(t, image) },
			Config:    fromFile(image, secondFile, createFirst), Taint: []string{address},
			ExpectError: regexp.MustCompile(createFirstWayOut),
		},
		resource.TestStep{
			PreConfig: func() {
				if !maps.EqualFunc(keep(t, image), before, bytes.Equal) {
					t.Error("a refused create has written to the image")
				}
			},
			Config:            fromFile(image, secondFile, `on_existing = "replace"`+"\n"+createFirst),
			ConfigPlanChecks:  plansAction(plancheck.ResourceActionCreate), // the old one is deposed, and goes with this apply
			ConfigStateChecks: holds(second),
			Check:             imageIs(t, image, core.StateStaged),
		},
		resource.TestStep{
			Config:           fromFile(image, secondFile, `on_existing = "replace"`+"\n"+createFirst),
			ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan()),
		},
		resource.TestStep{ // in place, it needs nothing
			Config: fromFile(image, firstFile, createFirst), ConfigPlanChecks: plansAction(plancheck.ResourceActionUpdate),
			ConfigStateChecks: holds(first),
		},
	)
}

// Two resources swap their images, in either order of creation and destruction, each with a blob of its own.
func TestAccSwappedImages(t *testing.T) {
	t.Parallel()
	const replace = `on_existing = "replace"` + "\n"
	for name, lifecycle := range map[string]string{"destroyed first": replace, "created first": replace + createFirst} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := launch(t, "left", "right")
			swapped := f.with("left", f["left"].file)
			swapped["left"].image, swapped["right"].image = f["right"].image, f["left"].image
			for _, v := range []*vessel{f["left"], f["right"], swapped["left"], swapped["right"]} {
				v.more = lifecycle
			}
			hold := func(of fleet) []statecheck.StateCheck {
				return append(statuses(map[string]string{"left": "staged", "right": "staged"}),
					tells("left", "fingerprint", of["left"].blob.Fingerprint()),
					tells("right", "fingerprint", of["right"].blob.Fingerprint()))
			}
			scenario(t, f.are(t, map[string]core.State{"left": core.StateAbsent, "right": core.StateAbsent}),
				resource.TestStep{Config: f.config(), ConfigStateChecks: hold(f)},
				resource.TestStep{
					Config: swapped.config(), ConfigStateChecks: hold(swapped),
					Check: f.are(t, map[string]core.State{"left": core.StateStaged, "right": core.StateStaged}),
				},
				resource.TestStep{Config: swapped.config(), ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
			)
		})
	}
}

// Without on_existing the plan refuses to swap, and says how: Terraform reads and plans one resource after the other, in no
// order, so that the plan of the first cannot know that the second leaves.
func TestAccSwapNeedsAWord(t *testing.T) {
	t.Parallel()
	f := launch(t, "left", "right")
	swapped := f.with()
	swapped["left"].image, swapped["right"].image = f["right"].image, f["left"].image
	scenario(t, f.are(t, map[string]core.State{"left": core.StateAbsent, "right": core.StateAbsent}),
		resource.TestStep{Config: f.config()},
		resource.TestStep{Config: swapped.config(), ExpectError: regexp.MustCompile(createFirstWayOut)},
	)
}

// What the plan has not seen is not replaced, and nothing of it is touched.
func TestCreateReplacesOnlyWhatWasPlanned(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	p := newPlugin(t, nil)
	config := map[string]string{"windows_path": image, "blob_file": file}
	planned := p.plan(config)
	p.good(planned.Diagnostics)
	theirs, _ := sampletest.BlobFor(t, "THEIRS", 3000)
	stage(t, image, theirs)
	before := keep(t, image)
	applied := p.apply(config, planned)
	if got := plainDiagnostics(t, applied.Diagnostics); !strings.Contains(got, "already holds a staged join of THEIRS") {
		t.Errorf("apply: %s", got)
	}
	if !maps.EqualFunc(keep(t, image), before, bytes.Equal) {
		t.Error("a refused create has written to the image")
	}
}
