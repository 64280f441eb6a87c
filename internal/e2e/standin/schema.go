package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// schemaFile is the schema of one provider. But for the name it is what `terraform providers schema -json` prints of it.
type schemaFile struct {
	Name            string                `json:"name"` // such as registry.terraform.io/dmacvicar/libvirt
	Provider        fullSchema            `json:"provider"`
	ResourceSchemas map[string]fullSchema `json:"resource_schemas"`
}

type fullSchema struct {
	Version int64 `json:"version"`
	Block   block `json:"block"`
}

type block struct {
	Attributes map[string]attribute   `json:"attributes"`
	BlockTypes map[string]nestedBlock `json:"block_types"`
}

type attribute struct {
	Type       json.RawMessage `json:"type"`
	NestedType *nestedType     `json:"nested_type"`
	Required   bool            `json:"required"`
	Optional   bool            `json:"optional"`
	Computed   bool            `json:"computed"`
	Sensitive  bool            `json:"sensitive"`
	WriteOnly  bool            `json:"write_only"`
}

type nestedType struct {
	Attributes  map[string]attribute `json:"attributes"`
	NestingMode string               `json:"nesting_mode"`
}

type nestedBlock struct {
	Block       block  `json:"block"`
	NestingMode string `json:"nesting_mode"`
	MinItems    int64  `json:"min_items"`
	MaxItems    int64  `json:"max_items"`
}

// schemas is a provider's schema as the plugin protocol has it.
type schemas struct {
	provider  *tfprotov6.Schema
	resources map[string]*tfprotov6.Schema
}

func (f schemaFile) convert() (schemas, error) {
	all := schemas{resources: map[string]*tfprotov6.Schema{}}
	var err error
	if all.provider, err = f.Provider.convert(); err != nil {
		return all, err
	}
	for name, s := range f.ResourceSchemas {
		if all.resources[name], err = s.convert(); err != nil {
			return all, fmt.Errorf("%s: %w", name, err)
		}
	}
	return all, nil
}

func (s fullSchema) convert() (*tfprotov6.Schema, error) {
	b, err := s.Block.convert()
	return &tfprotov6.Schema{Version: s.Version, Block: b}, err
}

func (b block) convert() (*tfprotov6.SchemaBlock, error) {
	to := &tfprotov6.SchemaBlock{}
	var err error
	if to.Attributes, err = convertAttributes(b.Attributes); err != nil {
		return nil, err
	}
	modes := map[string]tfprotov6.SchemaNestedBlockNestingMode{
		"single": tfprotov6.SchemaNestedBlockNestingModeSingle, "group": tfprotov6.SchemaNestedBlockNestingModeGroup,
		"list": tfprotov6.SchemaNestedBlockNestingModeList, "set": tfprotov6.SchemaNestedBlockNestingModeSet,
		"map": tfprotov6.SchemaNestedBlockNestingModeMap,
	}
	for _, name := range slices.Sorted(maps.Keys(b.BlockTypes)) {
		n := b.BlockTypes[name]
		mode, ok := modes[n.NestingMode]
		if !ok {
			return nil, fmt.Errorf("block %s: nesting mode %q", name, n.NestingMode)
		}
		inner, err := n.Block.convert()
		if err != nil {
			return nil, fmt.Errorf("block %s: %w", name, err)
		}
		to.BlockTypes = append(to.BlockTypes, &tfprotov6.SchemaNestedBlock{
			TypeName: name, Block: inner, Nesting: mode, MinItems: n.MinItems, MaxItems: n.MaxItems,
		})
	}
	return to, nil
}

func convertAttributes(from map[string]attribute) ([]*tfprotov6.SchemaAttribute, error) {
	var to []*tfprotov6.SchemaAttribute
	for _, name := range slices.Sorted(maps.Keys(from)) {
		a, err := from[name].convert(name)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		to = append(to, a)
	}
	return to, nil
}

func (a attribute) convert(name string) (*tfprotov6.SchemaAttribute, error) {
	to := &tfprotov6.SchemaAttribute{
		Name: name, Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive,
		WriteOnly: a.WriteOnly,
	}
	var err error
	if a.NestedType == nil {
		//lint:ignore SA1019 It is the only function that reads the types of `terraform providers schema -json`.
		to.Type, err = tftypes.ParseJSONType(a.Type)
		return to, err
	}
	modes := map[string]tfprotov6.SchemaObjectNestingMode{
		"single": tfprotov6.SchemaObjectNestingModeSingle, "list": tfprotov6.SchemaObjectNestingModeList,
		"set": tfprotov6.SchemaObjectNestingModeSet, "map": tfprotov6.SchemaObjectNestingModeMap,
	}
	mode, ok := modes[a.NestedType.NestingMode]
	if !ok {
		return nil, fmt.Errorf("nesting mode %q", a.NestedType.NestingMode)
	}
	inner, err := convertAttributes(a.NestedType.Attributes)
	to.NestedType = &tfprotov6.SchemaObject{Attributes: inner, Nesting: mode}
	return to, err
}
