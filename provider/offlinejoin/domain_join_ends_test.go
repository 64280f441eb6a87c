package offlinejoin

import (
	"context"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/offlinejoin/offlinejoin/internal/activedirectory/activedirectorytest"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// domainProvider is a provider whose domain is d.
func domainProvider(d *activedirectorytest.Domain) *offlinejoinProvider {
	return &offlinejoinProvider{"test", func(core.DirectoryRequest) *core.Directory {
		return core.DirectoryOver(d, activedirectorytest.Others{}, d.Info())
	}}
}

// newDomainPlugin starts a provider that is configured for a domain in memory.
func newDomainPlugin(t *testing.T, d *activedirectorytest.Domain) plugin {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(domainProvider(d))()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	p := plugin{t, "offlinejoin_domain_join", server, schemas}
	configured, err := server.ConfigureProvider(context.Background(), &tfprotov6.ConfigureProviderRequest{
		Config: p.typed(schemas.Provider, map[string]any{"active_directory": map[string]string{
			"domain": "corp.example.com", "user": "svc-terraform", "password": "not-the-real-one-1",
		}}),
	})
	if err != nil || len(configured.Diagnostics) > 0 {
		t.Fatalf("configure: %v, %s", err, sayings(configured.Diagnostics))
	}
	return p
}

// typed is value for texts, truths and objects of texts.
func (p plugin) typed(schema *tfprotov6.Schema, values map[string]any) *tfprotov6.DynamicValue {
	p.t.Helper()
	kind, ok := schema.ValueType().(tftypes.Object)
	if !ok {
		p.t.Fatalf("the schema is of %v", schema.ValueType())
	}
	value, err := tfprotov6.NewDynamicValue(kind, objectOfType(kind, values))
	if err != nil {
		p.t.Fatal(err)
	}
	return &value
}

func objectOfType(kind tftypes.Object, values map[string]any) tftypes.Value {
	attributes := map[string]tftypes.Value{}
	for name, attribute := range kind.AttributeTypes {
		switch value := values[name].(type) {
		case map[string]string:
			texts := map[string]any{}
			for word, text := range value {
				texts[word] = text
			}
			attributes[name] = objectOfType(attribute.(tftypes.Object), texts) //nolint:forcetypeassert // a panic is as good in a test
		default:
			attributes[name] = tftypes.NewValue(attribute, value)
		}
	}
	return tftypes.NewValue(kind, attributes)
}

// planJoin plans a new join, and returns its configuration, too.
func (p plugin) planJoin(config map[string]any) (value *tfprotov6.DynamicValue, planned *tfprotov6.PlanResourceChangeResponse) {
	p.t.Helper()
	value = p.typed(p.schemas.ResourceSchemas[p.kind], config)
	planned, err := p.server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: p.kind, PriorState: p.none(), ProposedNewState: value, Config: value,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return value, planned
}

// join plans and applies a new join. It must succeed.
func (p plugin) join(config map[string]any) madeDisk {
	p.t.Helper()
	value, planned := p.planJoin(config)
	p.good(planned.Diagnostics)
	applied, err := p.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: p.kind, PriorState: p.none(), PlannedState: planned.PlannedState, Config: value, PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.good(applied.Diagnostics)
	if p.t.Failed() {
		p.t.FailNow()
	}
	return madeDisk{state: applied.NewState, private: applied.Private}
}

// TestAccJoinEnds destroys joins with each pair of on_destroy and account_on_destroy, in each situation of the account.
func TestAccJoinEnds(t *testing.T) {
	t.Parallel()
	golden := goldenImage(t)
	const intact, disabled, deleted = "there", "disabled", "deleted"
	type ends map[string]string
	situations := map[string]struct {
		happens func(d *activedirectorytest.Domain)
		want    ends // by account_on_destroy; "!" in front: destroying fails, and nothing is done
		more    map[string]any
	}{
		"never booted":        {nil, ends{"keep": intact, "disable": disabled, "delete": deleted}, nil},
		"booted":              {func(d *activedirectorytest.Domain) { bootedAs(d)() }, ends{"keep": intact, "disable": disabled, "delete": "!" + intact}, nil},
		"booted, delete_live": {func(d *activedirectorytest.Domain) { bootedAs(d)() }, ends{"keep": intact, "disable": disabled, "delete": deleted}, map[string]any{"delete_live": true}},
		"adopted":             {nil, ends{"keep": intact, "disable": disabled, "delete": "!" + intact}, map[string]any{"account": map[string]string{"reuse": "own"}}},
		"deleted already":     {func(d *activedirectorytest.Domain) { d.Remove("WEB01") }, ends{"keep": deleted, "disable": deleted, "delete": deleted}, nil},
		"another of its name": {func(d *activedirectorytest.Domain) {
			d.Remove("WEB01")
			d.Put("WEB01", "")
		}, ends{"keep": intact, "disable": intact, "delete": intact}, nil},
	}
	images := map[string]map[string]string{ // on_destroy → what has become of the image
		"tree": {"unstage": "absent", "abandon": "staged", "fail": "!staged"},
		"disk": {"delete_unused": "gone", "delete": "gone", "keep": "staged"},
	}
	for name, s := range situations {
		for account, wantAccount := range s.want {
			for kind, words := range images {
				for word, wantImage := range words {
					if testing.Short() && (name != "never booted" || account != "disable") {
						continue
					}
					t.Run(strings.Join([]string{name, account, kind, word}, "/"), func(t *testing.T) {
						t.Parallel()
						endJoin(t, endOfJoin{golden, kind, word, account, s.more, s.happens, name == "adopted", name == "deleted already", wantImage, wantAccount})
					})
				}
			}
		}
	}
}

type endOfJoin struct {
	golden, kind, word, account string
	more                        map[string]any
	happens                     func(d *activedirectorytest.Domain)
	adopted, gone               bool
	wantImage, wantAccount      string
}

func endJoin(t *testing.T, e endOfJoin) {
	t.Helper()
	d := &activedirectorytest.Domain{}
	if e.adopted {
		user, _ := d.WhoAmI(t.Context())
		d.Put("WEB01", user)
	}
	windows, path := "", filepath.Join(t.TempDir(), "web01.qcow2")
	config := map[string]any{"machine_name": "WEB01", "on_destroy": e.word, "account_on_destroy": e.account}
	if e.kind == "tree" {
		windows = sampletest.Image(t, sample.Image{})
		config["windows_path"] = windows
	} else {
		config["image_path"], config["overlay_path"] = e.golden, path
	}
	maps.Copy(config, e.more)
	p := newDomainPlugin(t, d)
	j := p.join(config)
	if e.happens != nil {
		e.happens(d)
	}
	refreshed := p.refresh(j.state, j.private)
	diagnostics := p.destroy(refreshed.NewState, refreshed.Private)
	fails := strings.HasPrefix(e.wantImage, "!") || strings.HasPrefix(e.wantAccount, "!")
	if failed(diagnostics) != fails {
		t.Fatalf("failed: %v\n%s", failed(diagnostics), sayings(diagnostics))
	}
	image, account := e.wantImage, e.wantAccount
	if fails { // nothing is done
		image = "staged"
		if account = "there"; e.gone {
			account = "deleted"
		}
	}
	if err := accountIs(d, strings.TrimPrefix(account, "!"))(nil); err != nil {
		t.Errorf("%v\n%s", err, sayings(diagnostics))
	}
	got := "gone"
	switch {
	case windows != "":
		got = string(statusOf(t, windows).State)
	case exists(path):
		got = string(diskStatus(t, path))
	}
	if got != image {
		t.Errorf("the image is %s, want %s\n%s", got, image, sayings(diagnostics))
	}
}
