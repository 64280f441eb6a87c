package offlinejoin

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// fleet is several images with a blob for each, by name.
type fleet map[string]*vessel

type vessel struct {
	image, file string
	blob        *odj.Blob
	more        string // options in HCL
}

func launch(t *testing.T, names ...string) fleet {
	t.Helper()
	f := fleet{}
	for i, name := range names {
		blob, file := sampletest.BlobFor(t, strings.ToUpper(name), 2000+uint32(i))
		f[name] = &vessel{image: sampletest.Image(t, sample.Image{}), file: file, blob: blob}
	}
	return f
}

// config is one resource for each image, named like it.
func (f fleet) config() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f)) {
		v := f[name]
		fmt.Fprintf(&b, "resource \"offlinejoin_staged_join\" %q {\n  windows_path = %q\n  blob_file = %q\n  %s\n}\n",
			name, v.image, v.file, v.more)
	}
	return b.String()
}

func addressOf(name string) string { return "offlinejoin_staged_join." + name }

// actions checks what is planned for each of the images.
func actions(want map[string]plancheck.ResourceActionType) resource.ConfigPlanChecks {
	var checks []plancheck.PlanCheck
	for name, action := range want {
		checks = append(checks, plancheck.ExpectResourceAction(addressOf(name), action))
	}
	return plans(checks...)
}

// statuses checks the status of each of the images in the state.
func statuses(want map[string]string) []statecheck.StateCheck {
	var checks []statecheck.StateCheck
	for name, status := range want {
		checks = append(checks, statecheck.ExpectKnownValue(addressOf(name), tfjsonpath.New("status"),
			knownvalue.StringExact(status)))
	}
	return checks
}

// with returns the fleet with another blob file for some: name, file, name, file …
func (f fleet) with(pairs ...string) fleet {
	changed := fleet{}
	for name, v := range f {
		one := *v
		changed[name] = &one
	}
	for i := 0; i < len(pairs); i += 2 {
		changed[pairs[i]].file = pairs[i+1]
	}
	return changed
}

// TestAccMeaningOfDrift lets everything happen to images at once, and looks what the next plan makes of each. That the
// plan after each apply is empty, plugin-testing checks in every step.
func TestAccMeaningOfDrift(t *testing.T) {
	t.Parallel()
	f := launch(t, "staged", "completed", "recompleted", "restaged", "failed", "renewed", "absent", "another", "damaged")
	f["restaged"].more = `after_first_boot = "restage"`
	_, recompleted := sampletest.BlobFor(t, "RECOMPLETED", 2002)
	renewed, renewedFile := sampletest.BlobFor(t, "RENEWED", 2005)
	theirs, _ := sampletest.BlobFor(t, "THEIRS", 3000)
	later := f.with("recompleted", recompleted, "renewed", renewedFile)
	scenario(t, f.are(t, map[string]core.State{
		"staged": core.StateAbsent, "completed": core.StateCompleted, "recompleted": core.StateCompleted,
		"restaged": core.StateAbsent, "failed": core.StateAbsent, "renewed": core.StateAbsent,
		"absent": core.StateAbsent, "another": core.StateAbsent, "damaged": core.StateAbsent,
	}),
		resource.TestStep{Config: f.config()},
		resource.TestStep{
			PreConfig: func() {
				remove(t, f["staged"].file)
				sampletest.Complete(t, f["completed"].image)
				sampletest.Complete(t, f["recompleted"].image)
				sampletest.Complete(t, f["restaged"].image)
				sampletest.Fail(t, f["failed"].image, 1355)
				sampletest.Fail(t, f["renewed"].image, 1355)
				unstage(t, f["absent"].image)
				stage(t, f["another"].image, theirs)
				sampletest.Disarm(t, f["damaged"].image)
			},
			Config: later.config(),
			ConfigPlanChecks: actions(map[string]plancheck.ResourceActionType{
				"staged":      plancheck.ResourceActionNoop,
				"completed":   plancheck.ResourceActionNoop,
				"recompleted": plancheck.ResourceActionUpdate, // of blob_file alone
				"restaged":    plancheck.ResourceActionUpdate,
				"failed":      plancheck.ResourceActionNoop,
				"renewed":     plancheck.ResourceActionUpdate,
				"absent":      plancheck.ResourceActionUpdate,
				"another":     plancheck.ResourceActionUpdate,
				"damaged":     plancheck.ResourceActionUpdate,
			}),
			ConfigStateChecks: append(statuses(map[string]string{
				"staged": "staged", "completed": "completed", "recompleted": "completed", "restaged": "staged",
				"failed": "failed", "renewed": "staged", "absent": "staged", "another": "staged", "damaged": "staged",
			}),
				tells("completed", "completed_at", "2026-11-24T12:00:00Z"), tells("completed", "result", "0 NERR_Success"),
				tells("failed", "result", "1355 ERROR_NO_SUCH_DOMAIN"), tells("failed", "result_text", "Windows refused the join"),
				tells("recompleted", "fingerprint", f["recompleted"].blob.Fingerprint()),
				tells("renewed", "fingerprint", renewed.Fingerprint()),
				tells("another", "fingerprint", f["another"].blob.Fingerprint()),
				tells("another", "machine_name", "ANOTHER"),
			),
		},
	)
}

func tells(name, attribute, value string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(addressOf(name), tfjsonpath.New(attribute), knownvalue.StringExact(value))
}

// are checks the images after all.
func (f fleet) are(t *testing.T, want map[string]core.State) resource.TestCheckFunc {
	return func(*terraform.State) error {
		for name, state := range want {
			if got := statusOf(t, f[name].image).State; got != state {
				return fmt.Errorf("%s is %s, want %s", name, got, state)
			}
		}
		return nil
	}
}

func TestAccOthersJoinsStopThePlan(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	theirs, _ := sampletest.BlobFor(t, "THEIRS", 3000)
	config := fromFile(image, file, "")
	var whole keptFiles
	scenario(t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				whole = keep(t, image)
				unstage(t, image)
				sampletest.Foreign(t, image)
			},
			Config: config, PlanOnly: true, ExpectError: regexp.MustCompile(`another\s+tool,\s+which\s+is\s+pending`),
		},
		resource.TestStep{
			PreConfig: func() {
				whole.putBack(t)
				unstage(t, image)
				sampletest.Member(t, image)
			},
			Config: config, PlanOnly: true, ExpectError: regexp.MustCompile(`member\s+of\s+a\s+domain\s+already`),
		},
		resource.TestStep{
			PreConfig: func() {
				whole.putBack(t)
				stage(t, image, theirs)
				sampletest.Complete(t, image)
			},
			Config: config, PlanOnly: true, ExpectError: regexp.MustCompile(`did\s+not\s+stage,\s+of\s+THEIRS`),
		},
		resource.TestStep{
			PreConfig: func() { whole.putBack(t) },
			Config:    config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan()),
		},
	)
}

// TestAccAfterABoot follows one image on: it has joined, and then another one is at its path.
func TestAccAfterABoot(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	fresh := keep(t, image)
	config := fromFile(image, file, "")
	scenario(t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() { sampletest.Complete(t, image) },
			Config:    config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan()),
		},
		resource.TestStep{
			PreConfig: func() { fresh.putBack(t) },
			Config:    config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan()),
			ConfigStateChecks: []statecheck.StateCheck{has("status", knownvalue.StringExact("absent"))},
		},
		resource.TestStep{
			Config:            fromFile(image, file, `after_first_boot = "restage"`),
			ConfigStateChecks: []statecheck.StateCheck{has("status", knownvalue.StringExact("staged"))},
		},
	)
}
