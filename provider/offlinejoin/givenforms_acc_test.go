package offlinejoin

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestFunctionsTakeWhatPeopleHave gives a blob in the forms that Terraform's own functions and djoin's console make of it.
func TestFunctionsTakeWhatPeopleHave(t *testing.T) {
	t.Parallel()
	blob, _ := sampletest.Blob(t)
	saved := base64.StdEncoding.EncodeToString(blob.DjoinFile())
	for form, given := range map[string]string{
		"filebase64 of the saved file": saved,
		"base64 of that":               base64.StdEncoding.EncodeToString([]byte(saved)),
		"base64 of base64":             base64.StdEncoding.EncodeToString([]byte(blob.AccountData())),
		"printblob": "Provisioning the computer...\r\nSuccessfully provisioned [WEB01] in the domain [corp.example.com].\r\n\r\n" +
			blob.AccountData() + "\r\n\r\nThe operation completed successfully.\r\n",
	} {
		for name, more := range map[string][]string{"fingerprint": nil, "account_data": nil, "inspect_blob": nil, "answer_file": {"amd64"}} {
			got, failure := call(t, name, append([]string{given}, more...)...)
			if failure != nil {
				t.Errorf("%s of %s: %v", name, form, failure)
				continue
			}
			switch name {
			case "fingerprint":
				if text(t, got) != blob.Fingerprint() {
					t.Errorf("%s of %s is another", name, form)
				}
			case "account_data":
				if text(t, got) != blob.AccountData() {
					t.Errorf("%s of %s is another", name, form)
				}
			}
		}
	}
}

// TestAccFileBase64 stages what filebase64() gives of a file that djoin saved, and plans as known only what the configuration says.
func TestAccFileBase64(t *testing.T) {
	t.Parallel()
	_, file := sampletest.Blob(t)
	image := sampletest.Image(t, sample.Image{})
	config := fmt.Sprintf(`
resource "offlinejoin_staged_join" "test" {
  windows_path = %q
  blob_wo      = filebase64(%q)
}
`, image, file)
	scenario(
		t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{Config: config, ConfigPlanChecks: plans(
			plansUnknown("machine_name"), plansUnknown("domain"), plansUnknown("method_used"), plansUnknown("windows_build"),
			plansUnknown("fingerprint"), plansUnknown("status"),
		)},
		resource.TestStep{Config: config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
	)
}

// TestAccWhatIsWrittenIsPlannedAsKnown: expectations are, the values that data sources read, too.
func TestAccWhatIsWrittenIsPlannedAsKnown(t *testing.T) {
	t.Parallel()
	_, first := sampletest.Blob(t)
	_, second := sampletest.Blob(t)
	image := sampletest.Image(t, sample.Image{})
	config := func(file string) string {
		return fmt.Sprintf(`
data "offlinejoin_blob" "test" { blob_file = %[2]q }
data "offlinejoin_image" "test" { windows_path = %[1]q }
resource "offlinejoin_staged_join" "test" {
  windows_path = %[1]q
  blob_file    = %[2]q
  machine_name = data.offlinejoin_blob.test.machine_name
  domain       = data.offlinejoin_blob.test.domain
}
output "windows" { value = data.offlinejoin_image.test.windows_product }
`, image, file)
	}
	known := plans(plansKnown("machine_name", "WEB01"), plansKnown("domain", "corp.example.com"),
		plancheck.ExpectKnownOutputValue("windows", knownvalue.StringExact("Windows Server 2022 Standard")))
	scenario(
		t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{Config: config(first), ConfigPlanChecks: known},
		resource.TestStep{Config: config(second), ConfigPlanChecks: plans(plansKnown("machine_name", "WEB01"), plansUnknown("fingerprint"))},
		resource.TestStep{Config: config(second), ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
	)
}

// TestAccAnImageThatIsNotThere refuses a wrong path in the plan, and takes one that is made later.
func TestAccAnImageThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, file := sampletest.Blob(t)
	image := sampletest.Image(t, sample.Image{})
	later := filepath.Join(t.TempDir(), "later")
	wrong := filepath.Join(filepath.Dir(image), "Widnows")
	scenario(
		t, nil,
		resource.TestStep{
			Config:      fromFile(wrong, file, ""),
			ExpectError: regexp.MustCompile(`(?s)Image not there.*Widnows\s+does\s+not\s+exist.*check\s+the\s+path`),
		},
		resource.TestStep{
			Config: fmt.Sprintf(`
resource "terraform_data" "image" {
  provisioner "local-exec" { command = "cp -a %s %s" }
}
resource "offlinejoin_staged_join" "test" {
  windows_path = "%s/Windows"
  blob_file    = %q
  depends_on   = [terraform_data.image]
}
`, filepath.Dir(image), later, later, file),
			ConfigPlanChecks: plans(plancheck.ExpectUnknownValue(address, tfjsonpath.New("machine_name"))),
			Check: func(*terraform.State) error {
				if got := statusOf(t, filepath.Join(later, "Windows")).State; got != core.StateStaged {
					return fmt.Errorf("the image is %s", got)
				}
				return nil
			},
		},
	)
	if _, err := os.Stat(wrong); err == nil {
		t.Error("the wrong path was made")
	}
}
