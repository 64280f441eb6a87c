package offlinejoin

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// plugin is the provider behind the protocol by which Terraform calls it.
type plugin struct {
	t       *testing.T
	server  tfprotov6.ProviderServer
	schemas *tfprotov6.GetProviderSchemaResponse
}

// newPlugin starts a provider with some of its options set.
func newPlugin(t *testing.T, options map[string]string) plugin {
	t.Helper()
	server, err := factories()["offlinejoin"]()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	p := plugin{t, server, schemas}
	configured, err := server.ConfigureProvider(context.Background(), &tfprotov6.ConfigureProviderRequest{
		Config: p.value(schemas.Provider, options),
	})
	if err != nil || len(configured.Diagnostics) > 0 {
		t.Fatalf("configure: %v, %+v", err, configured.Diagnostics)
	}
	return p
}

// value makes an object of a schema in which the given texts are set and all else is null.
func (p plugin) value(schema *tfprotov6.Schema, texts map[string]string) *tfprotov6.DynamicValue {
	p.t.Helper()
	kind, ok := schema.ValueType().(tftypes.Object)
	if !ok {
		p.t.Fatalf("the schema is of %v", schema.ValueType())
	}
	attributes := map[string]tftypes.Value{}
	for name, attribute := range kind.AttributeTypes {
		attributes[name] = tftypes.NewValue(attribute, nil)
	}
	for name, text := range texts {
		attributes[name] = tftypes.NewValue(tftypes.String, text)
	}
	value, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, attributes))
	if err != nil {
		p.t.Fatal(err)
	}
	return &value
}

// stagedJoin makes a configuration of the resource, or a plan or state of it before the provider has seen it.
func (p plugin) stagedJoin(texts map[string]string) *tfprotov6.DynamicValue {
	p.t.Helper()
	return p.value(p.schemas.ResourceSchemas[stagedJoinName], texts)
}

// plan plans a new resource, as Terraform does: what is written only is in the configuration alone.
func (p plugin) plan(config map[string]string) *tfprotov6.PlanResourceChangeResponse {
	p.t.Helper()
	proposed := map[string]string{}
	for name, text := range config {
		if name != "blob_wo" {
			proposed[name] = text
		}
	}
	planned, err := p.server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: stagedJoinName, PriorState: nothing(p.t), ProposedNewState: p.stagedJoin(proposed),
		Config: p.stagedJoin(config),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return planned
}

// apply carries a plan out.
func (p plugin) apply(
	config map[string]string, planned *tfprotov6.PlanResourceChangeResponse,
) *tfprotov6.ApplyResourceChangeResponse {
	p.t.Helper()
	applied, err := p.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: stagedJoinName, PriorState: nothing(p.t), PlannedState: planned.PlannedState,
		Config: p.stagedJoin(config), PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return applied
}

// refresh reads a resource's state anew.
func (p plugin) refresh(state *tfprotov6.DynamicValue, private []byte) *tfprotov6.ReadResourceResponse {
	p.t.Helper()
	read, err := p.server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: stagedJoinName, CurrentState: state, Private: private,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return read
}

// read reads a data source.
func (p plugin) read(name string, config map[string]string) *tfprotov6.ReadDataSourceResponse {
	p.t.Helper()
	read, err := p.server.ReadDataSource(context.Background(), &tfprotov6.ReadDataSourceRequest{
		TypeName: name, Config: p.value(p.schemas.DataSourceSchemas[name], config),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return read
}

// openBlob opens the ephemeral resource.
func (p plugin) openBlob(config map[string]string) *tfprotov6.OpenEphemeralResourceResponse {
	p.t.Helper()
	const name = "offlinejoin_blob"
	opened, err := p.server.OpenEphemeralResource(context.Background(), &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: name, Config: p.value(p.schemas.EphemeralResourceSchemas[name], config),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return opened
}

// good fails the test when diagnostics hold an error.
func (p plugin) good(diagnostics []*tfprotov6.Diagnostic) {
	p.t.Helper()
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			p.t.Errorf("%s: %s", d.Summary, d.Detail)
		}
	}
}
