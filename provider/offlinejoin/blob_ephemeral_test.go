package offlinejoin

import (
	"fmt"
	"regexp"
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

// readsBlob runs one step with a provider that puts the ephemeral values into state, where a test can see them.
func readsBlob(t *testing.T, file string, step resource.TestStep) {
	t.Helper()
	testenv.Tool(t, "terraform")
	step.Config = fmt.Sprintf(`
ephemeral "offlinejoin_blob" "test" {
  source_file = %q
}
provider "echo" {
  data = ephemeral.offlinejoin_blob.test
}
resource "echo" "test" {}
`, file)
	both := factories()
	both["echo"] = func() (tfprotov6.ProviderServer, error) { return echoprovider.NewProviderServer()() }
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: both,
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_10_0)},
		Steps:                    []resource.TestStep{step},
	})
}

func TestAccBlobInEveryEncoding(t *testing.T) {
	t.Parallel()
	blob, djoin := sampletest.Blob(t)
	raw, text := djoin+".raw", djoin+".txt"
	write(t, raw, blob.Bytes())
	write(t, text, []byte(blob.AccountData()+"\n"))
	for name, file := range map[string]string{"djoin": djoin, "bytes": raw, "text": text} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			readsBlob(t, file, resource.TestStep{ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("echo.test", tfjsonpath.New("data"), knownvalue.ObjectPartial(
					map[string]knownvalue.Check{
						"source_file":   knownvalue.StringExact(file),
						"identity_file": knownvalue.Null(),
						"blob":          knownvalue.StringExact(blob.AccountData()),
						"fingerprint":   knownvalue.StringExact(blob.Fingerprint()),
						"machine_name":  knownvalue.StringExact("WEB01"),
						"domain":        knownvalue.StringExact("corp.example.com"),
					},
				)),
			}})
		})
	}
}

func TestAccBlobRefusals(t *testing.T) {
	t.Parallel()
	_, file := sampletest.Blob(t)
	damaged := file + ".damaged"
	write(t, damaged, []byte("hello"))
	for file, want := range map[string]string{
		damaged:        `Blob not usable`,
		file + ".none": `Blob file not readable[\s\S]*ERROR_FILE_NOT_FOUND`,
	} {
		readsBlob(t, file, resource.TestStep{ExpectError: regexp.MustCompile(want)})
	}
}
