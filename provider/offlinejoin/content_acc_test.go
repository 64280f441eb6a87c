package offlinejoin

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"
	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestAccContentInPlaceOfAPathIsNotShown gives a blob and a key, each by a sensitive variable, by an ephemeral one and
// written down, where a path is wanted. Nothing that Terraform prints has them.
func TestAccContentInPlaceOfAPathIsNotShown(t *testing.T) {
	t.Parallel()
	testenv.Tool(t, "terraform")
	image, sealed := sampletest.Image(t, sample.Image{}), sampletest.SealedBlob(t)
	blob := base64.StdEncoding.EncodeToString(sealed.Blob.Bytes())
	key := strings.TrimSpace(sealed.Identity)
	secrets := canary.ForBlob(sealed.Blob.Bytes(), sealed.Blob.MachinePassword()).And(canary.For(map[string][]byte{
		"the identity": []byte(strings.TrimPrefix(key, "AGE-SECRET-KEY-1")),
	}))
	const sensitive, ephemeral = "variable \"s\" { sensitive = true }\n", "variable \"s\" { ephemeral = true }\n"
	late := "resource \"terraform_data\" \"s\" { input = var.s }\n"
	for name, one := range map[string]struct{ secret, config, says string }{
		"blob_file":          {blob, sensitive + joinOf(image, "var.s", ""), "blob_wo"},
		"blob_file, written": {blob, joinOf(image, `"`+blob+`"`, ""), "blob_wo"},
		"blob_file, late":    {blob, sensitive + late + joinOf(image, "terraform_data.s.output", ""), "blob_wo"},
		"identity_file":      {key, sensitive + joinOf(image, `"x"`, "identity_file = var.s"), "private key"},
		"identity, late": {
			key, sensitive + late + joinOf(image, fmt.Sprintf("%q", sealed.File), "identity_file = terraform_data.s.output"),
			"private key",
		},
		"completion_program": {key, sensitive + joinOf(image, `"x"`, "completion_program = var.s"), "private key"},
		"windows_path":       {blob, sensitive + joinOf("${var.s}", `"x"`, ""), "blob itself"},
		"windows_path, late": {
			blob, sensitive + late + joinOf("${terraform_data.s.output}", fmt.Sprintf("%q", sealed.File), ""), "blob itself",
		},
		"the provider's identity_file": {
			key, sensitive + "provider \"offlinejoin\" { identity_file = var.s }\n" + joinOf(image, `"x"`, ""), "private key",
		},
		"ledger_file": {
			blob, sensitive + "provider \"offlinejoin\" { ledger_file = var.s }\n" + joinOf(image, `"x"`, ""), "blob itself",
		},
		"ephemeral blob_file": {
			blob, ephemeral + "ephemeral \"offlinejoin_blob\" \"b\" { blob_file = var.s }\n", "blob_wo",
		},
		"data blob_file": {blob, sensitive + "data \"offlinejoin_blob\" \"b\" { blob_file = var.s }\n", "blob itself"},
		"data windows_path": {
			blob, sensitive + "data \"offlinejoin_image\" \"b\" { windows_path = var.s }\n", "blob itself",
		},
		"data ledger_file": {key, sensitive + "data \"offlinejoin_ledger\" \"b\" { ledger_file = var.s }\n", "private key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var shown string
			variables := config.Variables{"s": config.StringVariable(one.secret)}
			if !strings.Contains(one.config, "variable") {
				variables = nil
			}
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_11_0)},
				ErrorCheck: func(err error) error {
					shown += err.Error()
					return nil
				},
				Steps: []resource.TestStep{{Config: one.config, ConfigVariables: variables, ExpectNonEmptyPlan: true}},
			})
			words := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "\n", " ").Replace(shown)), " ")
			if !strings.Contains(words, "wants a path, and what it was given looks like") || !strings.Contains(words, one.says) {
				t.Errorf("the error does not say what is wrong: %.1000q", words)
			}
			if found := secrets.In([]byte(shown)); found != nil {
				t.Errorf("shown: %q", found)
				if os.Getenv("SHOW") != "" {
					t.Log(shown)
				}
			}
		})
	}
}

// joinOf is a configuration of a join; file is an expression.
func joinOf(windowsPath, file, more string) string {
	return fmt.Sprintf("resource \"offlinejoin_staged_join\" \"a\" {\n  windows_path = \"%s\"\n  blob_file = %s\n  %s\n}\n",
		windowsPath, file, more)
}
