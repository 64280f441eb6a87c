package offlinejoin

import (
	"fmt"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

func TestAccDataSources(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	blob, file := sampletest.Blob(t)
	ledger := filepath.Join(t.TempDir(), "joins.ledger")
	config := fmt.Sprintf("provider \"offlinejoin\" {\n  ledger_file = %q\n}\n", ledger) + fromFile(image, file, "") +
		fmt.Sprintf(`
data "offlinejoin_image" "test" {
  windows_path = %q
  depends_on   = [offlinejoin_staged_join.test]
}
data "offlinejoin_blob" "test" {
  blob_file = %q
}
data "offlinejoin_ledger" "test" {
  depends_on = [offlinejoin_staged_join.test]
}
`, image, file)
	tells := func(kind string, facts map[string]string) []statecheck.StateCheck {
		var checks []statecheck.StateCheck
		for name, want := range facts {
			at := tfjsonpath.New(name)
			if kind == "ledger" {
				at = tfjsonpath.New("entries").AtSliceIndex(0).AtMapKey(name)
			}
			checks = append(checks, statecheck.ExpectKnownValue(
				"data.offlinejoin_"+kind+".test", at, knownvalue.StringExact(want)))
		}
		return checks
	}
	checks := append([]statecheck.StateCheck{stateWithout(blob)}, tells("image", map[string]string{
		"status": "staged", "fingerprint": blob.Fingerprint(), "machine_name": "WEB01", "computer_name": "WIN-7Q2K",
		"windows_product": "Windows Server 2022 Standard", "windows_edition": "ServerStandard",
		"windows_build": "20348.2700", "architecture": "amd64", "product_type": "ServerNT",
		"image_state": "IMAGE_STATE_COMPLETE", "method_used": "registry",
		"staged_by": "terraform-provider-offlinejoin/test",
	})...)
	checks = append(checks, tells("blob", map[string]string{
		"fingerprint": blob.Fingerprint(), "machine_name": "WEB01", "domain": "corp.example.com",
		"netbios_domain": "CORP", "domain_sid": blob.DomainSID(), "account_sid": blob.DomainSID() + "-1107",
		"domain_controller": "dc1.corp.example.com",
	})...)
	checks = append(checks, tells("ledger", map[string]string{
		"status": "staged", "fingerprint": blob.Fingerprint(), "machine_name": "WEB01", "domain": "corp.example.com",
		"windows_path": image, "account_sid": blob.DomainSID() + "-1107",
	})...)
	scenario(
		t, nil,
		resource.TestStep{Config: config, ConfigStateChecks: checks},
		resource.TestStep{
			Config:      `data "offlinejoin_ledger" "test" {}`,
			ExpectError: regexp.MustCompile(`No ledger`),
		},
		resource.TestStep{
			Config:      fmt.Sprintf("data \"offlinejoin_image\" \"test\" {\n  windows_path = %q\n}\n", image+".none"),
			ExpectError: regexp.MustCompile(`Image not readable`),
		},
	)
}
