package offlinejoin

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// readsBlobs runs steps that read files with a provider that puts the ephemeral values into state, where a test can see
// them.
func readsBlobs(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	testenv.Tool(t, "terraform")
	both := factories()
	both["echo"] = func() (tfprotov6.ProviderServer, error) { return echoprovider.NewProviderServer()() }
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: both,
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_10_0)},
		Steps:                    steps,
	})
}

func reading(files ...string) string {
	return fmt.Sprintf(`
ephemeral "offlinejoin_blob" "test" {
  for_each    = toset(split(",", %q))
  blob_file = each.key
}
provider "echo" {
  data = ephemeral.offlinejoin_blob.test
}
resource "echo" "test" {}
`, strings.Join(files, ","))
}

func TestAccBlobInEveryEncoding(t *testing.T) {
	t.Parallel()
	blob, djoin := sampletest.Blob(t)
	raw, text := djoin+".raw", djoin+".txt"
	write(t, raw, blob.Bytes())
	write(t, text, []byte(blob.AccountData()+"\n"))
	var checks []statecheck.StateCheck
	for _, file := range []string{djoin, raw, text} {
		checks = append(checks, statecheck.ExpectKnownValue("echo.test", tfjsonpath.New("data").AtMapKey(file),
			knownvalue.ObjectPartial(map[string]knownvalue.Check{
				"blob_file":     knownvalue.StringExact(file),
				"identity_file": knownvalue.Null(),
				"blob":          knownvalue.StringExact(blob.AccountData()),
				"fingerprint":   knownvalue.StringExact(blob.Fingerprint()),
				"machine_name":  knownvalue.StringExact("WEB01"),
				"domain":        knownvalue.StringExact("corp.example.com"),
			})))
	}
	readsBlobs(t, resource.TestStep{Config: reading(djoin, raw, text), ConfigStateChecks: checks})
}

func TestAccBlobRefusals(t *testing.T) {
	t.Parallel()
	_, file := sampletest.Blob(t)
	damaged := file + ".damaged"
	write(t, damaged, []byte("hello"))
	readsBlobs(
		t,
		resource.TestStep{Config: reading(damaged), ExpectError: regexp.MustCompile(`Blob not usable`)},
		resource.TestStep{ // a folder is no file that was deleted
			Config:      reading(filepath.Dir(file)),
			ExpectError: regexp.MustCompile(`Blob file not readable`),
		},
		resource.TestStep{
			Config: reading(file + ".none"),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue("echo.test",
				tfjsonpath.New("data").AtMapKey(file+".none"), knownvalue.ObjectPartial(map[string]knownvalue.Check{
					"blob": knownvalue.Null(), "fingerprint": knownvalue.Null(),
				}))},
		},
	)
}
