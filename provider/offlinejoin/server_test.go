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
	kind    string // of the resource that it plans, applies and refreshes
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
	p := plugin{t, stagedJoinName, server, schemas}
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

// of returns the provider with another resource.
func (p plugin) of(kind string) plugin {
	p.kind = kind
	return p
}

// resource makes a configuration of the resource, or a plan or state of it before the provider has seen it.
func (p plugin) resource(texts map[string]string) *tfprotov6.DynamicValue {
	p.t.Helper()
	return p.value(p.schemas.ResourceSchemas[p.kind], texts)
}

// none is the state of a resource that does not exist.
func (p plugin) none() *tfprotov6.DynamicValue {
	p.t.Helper()
	kind := p.schemas.ResourceSchemas[p.kind].ValueType()
	none, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, nil))
	if err != nil {
		p.t.Fatal(err)
	}
	return &none
}

// attributes are those of a value of the resource.
func (p plugin) attributes(value *tfprotov6.DynamicValue) map[string]tftypes.Value {
	p.t.Helper()
	if value == nil {
		return nil
	}
	state, err := value.Unmarshal(p.schemas.ResourceSchemas[p.kind].ValueType())
	if err != nil {
		p.t.Fatal(err)
	}
	var attributes map[string]tftypes.Value
	if err := state.As(&attributes); err != nil {
		p.t.Fatal(err)
	}
	return attributes
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
		TypeName: p.kind, PriorState: p.none(), ProposedNewState: p.resource(proposed),
		Config: p.resource(config),
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
		TypeName: p.kind, PriorState: p.none(), PlannedState: planned.PlannedState,
		Config: p.resource(config), PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return applied
}

// replace plans another resource in the place of one that exists, in the two calls that Terraform makes. It returns the
// second answer; replaced reports whether the first asked for it.
func (p plugin) replace(
	config map[string]string, state *tfprotov6.DynamicValue, private []byte,
) (planned *tfprotov6.PlanResourceChangeResponse, replaced bool) {
	p.t.Helper()
	req := &tfprotov6.PlanResourceChangeRequest{
		TypeName: p.kind, PriorState: state, ProposedNewState: p.proposed(config, state), Config: p.resource(config),
		PriorPrivate: private,
	}
	first, err := p.server.PlanResourceChange(context.Background(), req)
	if err != nil {
		p.t.Fatal(err)
	}
	p.good(first.Diagnostics)
	req.PriorState, req.ProposedNewState, req.PriorPrivate = p.none(), p.resource(config), first.PlannedPrivate
	second, err := p.server.PlanResourceChange(context.Background(), req)
	if err != nil {
		p.t.Fatal(err)
	}
	return second, len(first.RequiresReplace) > 0
}

// change plans the change of a resource that exists.
func (p plugin) change(
	config map[string]string, state *tfprotov6.DynamicValue, private []byte,
) *tfprotov6.PlanResourceChangeResponse {
	p.t.Helper()
	planned, err := p.server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: p.kind, PriorState: state, ProposedNewState: p.proposed(config, state), Config: p.resource(config),
		PriorPrivate: private,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return planned
}

// update carries the change of a resource out that [plugin.change] has planned.
func (p plugin) update(
	config map[string]string, state *tfprotov6.DynamicValue, planned *tfprotov6.PlanResourceChangeResponse,
) *tfprotov6.ApplyResourceChangeResponse {
	p.t.Helper()
	applied, err := p.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: p.kind, PriorState: state, PlannedState: planned.PlannedState, Config: p.resource(config),
		PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return applied
}

// changes reports whether a plan changes an attribute of a state.
func (p plugin) changes(state, planned *tfprotov6.DynamicValue) bool {
	p.t.Helper()
	was := p.attributes(state)
	for name, value := range p.attributes(planned) {
		if !value.Equal(was[name]) {
			return true
		}
	}
	return false
}

// proposed is what Terraform proposes: what the configuration says, and for what is computed the prior state.
func (p plugin) proposed(config map[string]string, state *tfprotov6.DynamicValue) *tfprotov6.DynamicValue {
	p.t.Helper()
	schema := p.schemas.ResourceSchemas[p.kind]
	values := p.attributes(state)
	for _, attribute := range schema.Block.Attributes {
		text, given := config[attribute.Name]
		switch {
		case given && !attribute.WriteOnly:
			values[attribute.Name] = tftypes.NewValue(tftypes.String, text)
		case !attribute.Computed:
			values[attribute.Name] = tftypes.NewValue(values[attribute.Name].Type(), nil)
		}
	}
	value, err := tfprotov6.NewDynamicValue(schema.ValueType(), tftypes.NewValue(schema.ValueType(), values))
	if err != nil {
		p.t.Fatal(err)
	}
	return &value
}

// destroy destroys a resource, with what the plan of that says.
func (p plugin) destroy(state *tfprotov6.DynamicValue, private []byte) []*tfprotov6.Diagnostic {
	p.t.Helper()
	planned, err := p.server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: p.kind, PriorState: state, ProposedNewState: p.none(), Config: p.none(), PriorPrivate: private,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	applied, err := p.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: p.kind, PriorState: state, PlannedState: p.none(), Config: p.none(), PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return append(planned.Diagnostics, applied.Diagnostics...)
}

// refresh reads a resource's state anew.
func (p plugin) refresh(state *tfprotov6.DynamicValue, private []byte) *tfprotov6.ReadResourceResponse {
	p.t.Helper()
	read, err := p.server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: p.kind, CurrentState: state, Private: private,
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
