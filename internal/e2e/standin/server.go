package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// server plays a provider: it accepts what fits the schema, and makes up what the provider would compute. The calls that it
// does not have are those of the embedded interface, which is nil: terraform does not make them of a provider without
// functions, data sources and ephemeral resources.
type server struct {
	tfprotov6.ProviderServer
	schemas schemas
}

func (s *server) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	return &tfprotov6.GetMetadataResponse{
		ServerCapabilities: &tfprotov6.ServerCapabilities{GetProviderSchemaOptional: true},
		Resources:          s.metadata(),
	}, nil
}

func (s *server) metadata() []tfprotov6.ResourceMetadata {
	var all []tfprotov6.ResourceMetadata
	for name := range s.schemas.resources {
		all = append(all, tfprotov6.ResourceMetadata{TypeName: name})
	}
	return all
}

func (s *server) GetProviderSchema(
	context.Context, *tfprotov6.GetProviderSchemaRequest,
) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &tfprotov6.GetProviderSchemaResponse{
		ServerCapabilities: &tfprotov6.ServerCapabilities{GetProviderSchemaOptional: true},
		Provider:           s.schemas.provider, ResourceSchemas: s.schemas.resources,
	}, nil
}

func (s *server) GetResourceIdentitySchemas(
	context.Context, *tfprotov6.GetResourceIdentitySchemasRequest,
) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{}, nil
}

func (s *server) ValidateProviderConfig(
	_ context.Context, r *tfprotov6.ValidateProviderConfigRequest,
) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (s *server) ConfigureProvider(
	context.Context, *tfprotov6.ConfigureProviderRequest,
) (*tfprotov6.ConfigureProviderResponse, error) {
	return &tfprotov6.ConfigureProviderResponse{}, nil
}

func (s *server) StopProvider(
	context.Context, *tfprotov6.StopProviderRequest,
) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

func (s *server) ValidateResourceConfig(
	context.Context, *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

// UpgradeResourceState reads a state of the same version.
func (s *server) UpgradeResourceState(
	_ context.Context, r *tfprotov6.UpgradeResourceStateRequest,
) (*tfprotov6.UpgradeResourceStateResponse, error) {
	typ, err := s.typeOf(r.TypeName)
	if err != nil {
		return nil, err
	}
	value, err := r.RawState.Unmarshal(typ)
	if err != nil {
		return nil, err
	}
	state, err := tfprotov6.NewDynamicValue(typ, value)
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &state}, err
}

// ReadResource finds everything as it was.
func (s *server) ReadResource(
	_ context.Context, r *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	return &tfprotov6.ReadResourceResponse{NewState: r.CurrentState, Private: r.Private}, nil
}

// PlanResourceChange takes what is proposed. Of something new, what is computed will be known later.
func (s *server) PlanResourceChange(
	_ context.Context, r *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	prior, err := s.value(r.TypeName, r.PriorState)
	if err != nil || !prior.IsNull() {
		return &tfprotov6.PlanResourceChangeResponse{PlannedState: r.ProposedNewState}, err
	}
	planned, err := s.rewrite(r.TypeName, r.ProposedNewState, func(a *tfprotov6.SchemaAttribute, v tftypes.Value) tftypes.Value {
		if a.Computed && v.IsNull() {
			return tftypes.NewValue(a.ValueType(), tftypes.UnknownValue)
		}
		return v
	})
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: planned}, err
}

// ApplyResourceChange makes nothing, and makes up what is computed.
func (s *server) ApplyResourceChange(
	_ context.Context, r *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	made, err := s.rewrite(r.TypeName, r.PlannedState, func(a *tfprotov6.SchemaAttribute, v tftypes.Value) tftypes.Value {
		switch {
		case v.IsKnown():
			return v
		case a.ValueType().Is(tftypes.String):
			return tftypes.NewValue(tftypes.String, "made up for "+a.Name)
		case a.ValueType().Is(tftypes.Number):
			return tftypes.NewValue(tftypes.Number, 0)
		}
		return tftypes.NewValue(a.ValueType(), nil)
	})
	return &tfprotov6.ApplyResourceChangeResponse{NewState: made}, err
}

func (s *server) typeOf(resource string) (tftypes.Type, error) {
	schema, ok := s.schemas.resources[resource]
	if !ok {
		return nil, fmt.Errorf("there is no resource %s", resource)
	}
	return schema.ValueType(), nil
}

func (s *server) value(resource string, v *tfprotov6.DynamicValue) (tftypes.Value, error) {
	typ, err := s.typeOf(resource)
	if err != nil {
		return tftypes.Value{}, err
	}
	return v.Unmarshal(typ)
}

// rewrite replaces the attributes of a resource, those in blocks and in other attributes left out. Of nothing it makes
// nothing.
func (s *server) rewrite(
	resource string, from *tfprotov6.DynamicValue, replace func(*tfprotov6.SchemaAttribute, tftypes.Value) tftypes.Value,
) (*tfprotov6.DynamicValue, error) {
	value, err := s.value(resource, from)
	if err != nil || value.IsNull() {
		return from, err
	}
	parts := map[string]tftypes.Value{}
	if err := value.As(&parts); err != nil {
		return nil, err
	}
	for _, a := range s.schemas.resources[resource].Block.Attributes {
		v, ok := parts[a.Name]
		if !ok {
			return nil, errors.New("there is no attribute " + a.Name)
		}
		parts[a.Name] = replace(a, v)
	}
	to, err := tfprotov6.NewDynamicValue(value.Type(), tftypes.NewValue(value.Type(), parts))
	return &to, err
}
