package offlinejoin

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

const address = "offlinejoin_staged_join.test"

// scenario runs steps with the terraform that is installed.
func scenario(t *testing.T, after resource.TestCheckFunc, steps ...resource.TestStep) {
	t.Helper()
	testenv.Tool(t, "terraform")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_11_0)},
		CheckDestroy:             after,
		Steps:                    steps,
	})
}

// fromFile is a configuration with blob_file.
func fromFile(windowsPath, file, more string) string {
	return fmt.Sprintf(`
resource "offlinejoin_staged_join" "test" {
  windows_path = %q
  blob_file    = %q
  %s
}
`, windowsPath, file, more)
}

// fromEphemeral is a configuration with blob_wo.
func fromEphemeral(windowsPath, file string) string {
	return fmt.Sprintf(`
ephemeral "offlinejoin_blob" "test" {
  blob_file = %q
}
resource "offlinejoin_staged_join" "test" {
  windows_path = %q
  blob_wo      = ephemeral.offlinejoin_blob.test.blob
}
`, file, windowsPath)
}

func has(attribute string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(attribute), value)
}

func plans(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: checks}
}

func plansUnknown(attribute string) plancheck.PlanCheck {
	return plancheck.ExpectUnknownValue(address, tfjsonpath.New(attribute))
}

func plansKnown(attribute, value string) plancheck.PlanCheck {
	return plancheck.ExpectKnownValue(address, tfjsonpath.New(attribute), knownvalue.StringExact(value))
}

func plansAction(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return plans(plancheck.ExpectResourceAction(address, action))
}

// imageIs checks the image after the last step.
func imageIs(t *testing.T, windowsPath string, want core.State) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := statusOf(t, windowsPath).State; got != want {
			return fmt.Errorf("the image is %s, want %s", got, want)
		}
		return nil
	}
}

func TestAccStageAndTakeBack(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	blob, file := sampletest.Blob(t)
	config := fromFile(image, file, `
  machine_name = "web01"
  domain       = "CORP"`)
	scenario(t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{
			Config: config,
			ConfigPlanChecks: plans(
				plancheck.ExpectUnknownValue(address, tfjsonpath.New("fingerprint")),
				plansKnown("id", image),
			),
			ConfigStateChecks: []statecheck.StateCheck{
				has("id", knownvalue.StringExact(image)),
				has("status", knownvalue.StringExact("staged")),
				has("fingerprint", knownvalue.StringExact(blob.Fingerprint())),
				has("machine_name", knownvalue.StringExact("web01")),
				has("domain", knownvalue.StringExact("CORP")),
				has("netbios_domain", knownvalue.StringExact("CORP")),
				has("domain_sid", knownvalue.StringExact(blob.DomainSID())),
				has("domain_guid", knownvalue.StringExact(blob.DomainGUID())),
				has("domain_controller", knownvalue.StringExact("dc1.corp.example.com")),
				has("windows_product", knownvalue.StringExact("Windows Server 2022 Standard")),
				has("windows_build", knownvalue.StringExact("20348.2700")),
				has("architecture", knownvalue.StringExact("amd64")),
				has("staged_at", knownvalue.NotNull()),
				has("blob_wo", knownvalue.Null()),
			},
		},
		resource.TestStep{Config: config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
		resource.TestStep{ // the same folder, spelled otherwise, and fewer expectations
			Config: fromFile(image+"/", file, ""),
			ConfigPlanChecks: plans(
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
				plansKnown("fingerprint", blob.Fingerprint()),
			),
		},
	)
}

func TestAccWriteOnlyBlobIsNowhere(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	blob, file := sampletest.Blob(t)
	other, otherFile := sampletest.Blob(t)
	scenario(t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{
			Config:           fromEphemeral(image, file),
			ConfigPlanChecks: plans(planWithout(blob)),
			ConfigStateChecks: []statecheck.StateCheck{
				has("blob_wo", knownvalue.Null()),
				has("fingerprint", knownvalue.StringExact(blob.Fingerprint())),
				has("machine_name", knownvalue.StringExact("WEB01")),
				has("domain", knownvalue.StringExact("corp.example.com")),
				stateWithout(blob),
			},
		},
		resource.TestStep{Config: fromEphemeral(image, file), ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
		resource.TestStep{ // a new blob for the machine
			Config: fromEphemeral(image, otherFile),
			ConfigPlanChecks: plans(
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
				plancheck.ExpectUnknownValue(address, tfjsonpath.New("fingerprint")),
				planWithout(blob), planWithout(other),
			),
			ConfigStateChecks: []statecheck.StateCheck{
				has("fingerprint", knownvalue.StringExact(other.Fingerprint())),
				stateWithout(blob), stateWithout(other),
			},
		},
	)
}

func TestAccWrongBlobFailsInThePlan(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	damaged := file + ".damaged"
	write(t, damaged, []byte("hello"))
	steps := []resource.TestStep{}
	for config, want := range map[string]string{
		fromFile(image, file, `machine_name = "WEB02"`):                     `Expectation not met[\s\S]*WEB02`,
		fromFile(image, file, `domain = "other.example.com"`):               `Expectation not met[\s\S]*other`,
		fromFile(image, damaged, ""):                                        `Blob not usable`,
		fromFile(image, file, `on_existing = "overwrite"`):                  `on_existing`,
		fromFile(image, file, `blob_wo = "x"`):                              `blob_file|blob_wo`,
		`resource "offlinejoin_staged_join" "test" { windows_path = "/x" }`: `blob_file|blob_wo`,
	} {
		steps = append(steps, resource.TestStep{Config: config, PlanOnly: true, ExpectError: regexp.MustCompile(want)})
	}
	scenario(t, nil, steps...)
	if got := statusOf(t, image).State; got != core.StateAbsent {
		t.Errorf("the image is %s after plans that failed", got)
	}
}

func TestAccOnExistingIsAboutTheImageThatIsFound(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	blob, file := sampletest.Blob(t)
	other, _ := sampletest.Blob(t)
	stage(t, image, other)
	scenario(t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{
			Config: fromFile(image, file, ""), PlanOnly: true, ExpectError: regexp.MustCompile(`Join cannot be staged`),
		},
		resource.TestStep{
			Config: fromFile(image, file, `on_existing = "keep"`),
			ConfigStateChecks: []statecheck.StateCheck{
				has("fingerprint", knownvalue.StringExact(other.Fingerprint())),
			},
		},
		resource.TestStep{
			Config: fromFile(image, file, ""), PlanOnly: true, ExpectError: regexp.MustCompile(`Join cannot be staged`),
		},
		resource.TestStep{
			Config:           fromFile(image, file, `on_existing = "replace"`),
			ConfigPlanChecks: plansAction(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{
				has("fingerprint", knownvalue.StringExact(blob.Fingerprint())),
				has("machine_name", knownvalue.StringExact("WEB01")),
				has("domain_sid", knownvalue.StringExact(blob.DomainSID())),
			},
		},
	)
}

func TestAccAKeptJoinStaysAfterDestroying(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	other, _ := sampletest.Blob(t)
	stage(t, image, other)
	config := fromFile(image, file, `on_existing = "keep"`)
	scenario(t, imageIs(t, image, core.StateStaged),
		resource.TestStep{
			Config: config,
			ConfigStateChecks: []statecheck.StateCheck{
				has("fingerprint", knownvalue.StringExact(other.Fingerprint())),
				has("domain_sid", knownvalue.Null()),
			},
		},
		resource.TestStep{Config: config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
	)
	if got := statusOf(t, image).Fingerprint; got != other.Fingerprint() {
		t.Errorf("the image has the join %s, want the one that was kept", got)
	}
}

func TestAccAnUnmountedImageKeepsItsState(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	away := filepath.Join(t.TempDir(), "Windows")
	config := fromFile(image, file, "")
	scenario(t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig:         func() { rename(t, image, away) },
			Config:            config,
			ConfigPlanChecks:  plans(plancheck.ExpectEmptyPlan()),
			ConfigStateChecks: []statecheck.StateCheck{has("status", knownvalue.StringExact("staged"))},
		},
		resource.TestStep{
			PreConfig:        func() { rename(t, away, image) },
			Config:           config,
			ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan()),
		},
	)
}

func TestAccOnDestroyFail(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	guarded := fromFile(image, file, `on_destroy = "fail"`)
	scenario(
		t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{Config: guarded},
		resource.TestStep{
			Config: guarded, Destroy: true, ExpectError: regexp.MustCompile(`Join not to be destroyed`),
		},
		resource.TestStep{Config: fromFile(image, file, "")},
	)
}

func TestAccAbandonedJoinStays(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	scenario(t, imageIs(t, image, core.StateStaged),
		resource.TestStep{Config: fromFile(image, file, `on_destroy = "abandon"`)},
	)
}

func TestAccOneImageForOneResource(t *testing.T) {
	t.Parallel()
	f := launch(t, "first", "second")
	twice := f.with()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(f["first"].image, link); err != nil {
		t.Fatal(err)
	}
	twice["second"].image = link
	const reason = "reuse = \"allow\"\n  reuse_reason = \"a test\""
	allowed := f.with("second", f["first"].file)
	allowed["first"].more, allowed["second"].more = reason, reason
	unsaid := f.with()
	unsaid["second"].more = `reuse = "allow"`
	scenario(
		t, nil,
		resource.TestStep{
			Config: twice.config(), PlanOnly: true, ExpectError: regexp.MustCompile(`Claimed twice[\s\S]*has the image`),
		},
		resource.TestStep{
			Config: f.with("second", f["first"].file).config(), PlanOnly: true,
			ExpectError: regexp.MustCompile(`Claimed twice[\s\S]*corp\.example\.com\\FIRST`),
		},
		resource.TestStep{Config: unsaid.config(), PlanOnly: true, ExpectError: regexp.MustCompile(`Reason missing`)},
		resource.TestStep{Config: allowed.config()},
	)
}

func TestAccImport(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	blob, file := sampletest.Blob(t)
	stage(t, image, blob)
	config := fromFile(image, file, "")
	scenario(t, imageIs(t, image, core.StateAbsent), // what was imported is the resource's own
		resource.TestStep{
			Config: config, ResourceName: address, ImportState: true, ImportStateId: image, ImportStatePersist: true,
		},
		resource.TestStep{
			Config:           config,
			ConfigPlanChecks: plansAction(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{
				has("fingerprint", knownvalue.StringExact(blob.Fingerprint())),
				has("domain_sid", knownvalue.StringExact(blob.DomainSID())),
				has("status", knownvalue.StringExact("staged")),
			},
		},
	)
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}
