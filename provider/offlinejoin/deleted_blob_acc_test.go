package offlinejoin

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// A blob that is deleted after staging stops no plan, no refresh and no destroy, in whatever form it was given.
func TestAccADeletedBlobStopsNothing(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]func(image, file string) string{
		"blob_file": func(image, file string) string { return fromFile(image, file, "") },
		"ephemeral": fromEphemeral,
		"ephemeral of a variable": func(image, file string) string {
			return fmt.Sprintf("variable \"file\" {\n  default = %q\n}\n", file) + fmt.Sprintf(`
ephemeral "offlinejoin_blob" "test" {
  for_each    = toset([var.file])
  blob_file = each.key
}
resource "offlinejoin_staged_join" "test" {
  windows_path    = %q
  blob_wo         = ephemeral.offlinejoin_blob.test[var.file].blob
  blob_wo_version = "1"
}
`, image)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := sampletest.Image(t, sample.Image{})
			blob, file := sampletest.Blob(t)
			stays := []statecheck.StateCheck{
				has("status", knownvalue.StringExact("staged")), has("fingerprint", knownvalue.StringExact(blob.Fingerprint())),
			}
			scenario(t, imageIs(t, image, core.StateAbsent), // destroyed in the end, without the blob
				resource.TestStep{Config: config(image, file), ConfigStateChecks: stays},
				resource.TestStep{
					PreConfig: func() { remove(t, file) },
					Config:    config(image, file), ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan()), ConfigStateChecks: stays,
				},
				resource.TestStep{RefreshState: true},
				resource.TestStep{ // only what has to be staged needs it
					PreConfig: func() { unstage(t, image) },
					Config:    config(image, file), ExpectError: regexp.MustCompile(`Blob file missing`),
				},
			)
		})
	}
}

// A resource without any blob is still a mistake, and a new one whose blob is null is not staged.
func TestAccNoBlobIsAMistake(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	scenario(t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{
			Config:      fmt.Sprintf("resource \"offlinejoin_staged_join\" \"test\" {\n  windows_path = %q\n}\n", image),
			ExpectError: regexp.MustCompile(`Missing Attribute Configuration`),
		},
		resource.TestStep{Config: fromEphemeral(image, file+".none"), ExpectError: regexp.MustCompile(`Blob file missing`)},
	)
}
