//go:build unix

package offlinejoin

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/postgres"
)

// configureWith starts a provider with a value for ledger, and returns what it says.
func configureWith(t *testing.T, ledger tftypes.Value) (plugin, []*tfprotov6.Diagnostic) {
	t.Helper()
	p := newPlugin(t, nil)
	kind := p.schemas.Provider.ValueType().(tftypes.Object)
	attributes := map[string]tftypes.Value{}
	for name, attribute := range kind.AttributeTypes {
		attributes[name] = tftypes.NewValue(attribute, nil)
	}
	attributes["ledger"] = ledger
	config, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, attributes))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	valid, err := p.server.ValidateProviderConfig(ctx, &tfprotov6.ValidateProviderConfigRequest{Config: &config})
	if err != nil {
		t.Fatal(err)
	}
	configured, err := p.server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{Config: &config})
	if err != nil {
		t.Fatal(err)
	}
	return p, append(valid.Diagnostics, configured.Diagnostics...)
}

// A password in the ledger's URL is refused, by the provider and the data source, and shown nowhere: the diagnostics name no
// attribute, of which Terraform would show the line.
func TestAPasswordInTheLedgerIsRefused(t *testing.T) {
	t.Parallel()
	const secret = "Tr0ub4dor"
	for _, url := range []string{"postgres://b:" + secret + "@db.example.com/joins", "postgres://b@db/joins?password=" + secret} {
		p, said := configureWith(t, tftypes.NewValue(tftypes.String, url))
		read := newPlugin(t, nil).read("offlinejoin_ledger", map[string]string{"ledger": url})
		valid, err := p.server.ValidateDataResourceConfig(context.Background(), &tfprotov6.ValidateDataResourceConfigRequest{
			TypeName: "offlinejoin_ledger", Config: p.value(p.schemas.DataSourceSchemas["offlinejoin_ledger"], map[string]string{"ledger": url}),
		})
		if err != nil {
			t.Fatal(err)
		}
		for who, said := range map[string][]*tfprotov6.Diagnostic{
			"provider": said, "data source": read.Diagnostics, "data source, validated": valid.Diagnostics,
		} {
			if len(said) == 0 {
				t.Errorf("%s: %s is taken", who, url)
			}
			for _, d := range said {
				if strings.Contains(fmt.Sprintf("%+v", *d), secret) || strings.Contains(d.Detail, "Tr0ub") {
					t.Errorf("%s: the password is shown: %+v", who, *d)
				}
				if who != "data source" && d.Attribute != nil {
					t.Errorf("%s: the diagnostic names the attribute, whose line Terraform shows", who)
				}
			}
		}
	}
}

// A ledger that is known only when Terraform applies is no ledger in the plan, whatever the environment says.
func TestALedgerThatIsNotKnownYet(t *testing.T) {
	t.Setenv("OFFLINEJOIN_LEDGER", "postgres://b@127.0.0.1:1/none")
	_, file := sampletest.Blob(t)
	p, said := configureWith(t, tftypes.NewValue(tftypes.String, tftypes.UnknownValue))
	p.good(said)
	p.good(p.plan(map[string]string{"windows_path": sampletest.Image(t, sample.Image{}), "blob_file": file}).Diagnostics)
}

// Two runs, on two hosts, and one ledger in a database: one account is for one image.
func TestALedgerInADatabase(t *testing.T) {
	t.Parallel()
	if !postgres.Installed(t) {
		testenv.Absent(t, "PostgreSQL is not installed (Debian's package postgresql)")
	}
	_, url := postgres.Start(t, postgres.Options{}).Schema(t, core.LedgerSchema)
	_, file := sampletest.Blob(t)
	first := map[string]string{"windows_path": sampletest.Image(t, sample.Image{}), "blob_file": file, "image_name": "vm:1"}
	second := map[string]string{"windows_path": sampletest.Image(t, sample.Image{}), "blob_file": file, "image_name": "vm:2"}

	p := newPlugin(t, map[string]string{"ledger": url})
	planned := p.plan(first)
	p.good(planned.Diagnostics)
	applied := p.apply(first, planned)
	p.good(applied.Diagnostics)

	other := newPlugin(t, map[string]string{"ledger": url})
	refused := other.plan(second).Diagnostics
	if len(refused) == 0 || !strings.Contains(refused[0].Detail, "vm:1") || !strings.Contains(refused[0].Detail, "2732") {
		t.Errorf("the second image: %+v", refused)
	}
	read := other.read("offlinejoin_ledger", nil)
	other.good(read.Diagnostics)
	state, err := read.State.Unmarshal(other.schemas.DataSourceSchemas["offlinejoin_ledger"].ValueType())
	if err != nil || !strings.Contains(state.String(), `"vm:1"`) || !strings.Contains(state.String(), url) {
		t.Errorf("the data source says %v, %v", state, err)
	}
}
