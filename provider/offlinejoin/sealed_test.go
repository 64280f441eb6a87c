package offlinejoin

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/offlinejoin/offlinejoin/internal/canary"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

func providerIdentity(file string) string {
	return fmt.Sprintf("provider \"offlinejoin\" {\n  identity_file = %q\n}\n", file)
}

func ownIdentity(file string) string { return fmt.Sprintf("identity_file = %q", file) }

// The resource's own identity comes before the provider's. The key is in no state.
func TestAccEncryptedBlobFile(t *testing.T) {
	t.Parallel()
	image, sealed, other := sampletest.Image(t, sample.Image{}), sampletest.SealedBlob(t), sampletest.SealedBlob(t)
	key := canary.For(map[string][]byte{"the identity": []byte(sealed.Identity[20:])})
	secret := search{searchFor(sealed.Blob).And(key)}
	staged := []statecheck.StateCheck{
		has("fingerprint", knownvalue.StringExact(sealed.Blob.Fingerprint())),
		has("status", knownvalue.StringExact("staged")),
		secret,
	}
	scenario(
		t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{
			Config:      providerIdentity(other.IdentityFile) + fromFile(image, sealed.File, ""),
			ExpectError: regexp.MustCompile(`(?s)Blob file not readable.*does\s+not\s+open`),
		},
		resource.TestStep{
			Config: providerIdentity(other.IdentityFile) +
				fromFile(image, sealed.File, ownIdentity(sealed.IdentityFile)),
			ConfigPlanChecks: plans(secret), ConfigStateChecks: staged,
		},
		resource.TestStep{
			Config:            providerIdentity(sealed.IdentityFile) + fromFile(image, sealed.File, ""),
			ConfigStateChecks: staged,
		},
	)
}

func TestAccEncryptedEphemeralBlob(t *testing.T) {
	t.Parallel()
	image, sealed := sampletest.Image(t, sample.Image{}), sampletest.SealedBlob(t)
	scenario(t, imageIs(t, image, core.StateAbsent), resource.TestStep{
		Config: providerIdentity(sealed.IdentityFile) + fromEphemeral(image, sealed.File),
		ConfigStateChecks: []statecheck.StateCheck{
			has("fingerprint", knownvalue.StringExact(sealed.Blob.Fingerprint())), stateWithout(sealed.Blob),
		},
	})
}

// A plan without the key is a plan: the blob is looked at when it is applied. An apply without it fails.
func TestAccEncryptedBlobWithoutTheKey(t *testing.T) {
	t.Parallel()
	image, sealed := sampletest.Image(t, sample.Image{}), sampletest.SealedBlob(t)
	away := sealed.IdentityFile + ".away"
	if err := os.Rename(sealed.IdentityFile, away); err != nil {
		t.Fatal(err)
	}
	config := fromFile(image, sealed.File, ownIdentity(sealed.IdentityFile))
	scenario(
		t, imageIs(t, image, core.StateAbsent),
		resource.TestStep{Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config: config, ExpectError: regexp.MustCompile(`(?s)Blob file missing.*identity\s+file.*does\s+not\s+exist`),
		},
	)
}
