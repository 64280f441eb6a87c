package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// factAttributes are the attributes of a data source: what must be given, what may be given, and what is read.
func factAttributes[T any](
	required options.Name, optional []options.Name, facts []options.Fact[T],
) map[string]schema.Attribute {
	attributes := computed(facts)
	if required != "" {
		attributes[required.String()] = schema.StringAttribute{
			MarkdownDescription: required.Doc(), Required: true, Validators: textOf(required),
		}
	}
	for _, word := range optional {
		attributes[word.String()] = schema.StringAttribute{
			MarkdownDescription: word.Doc(), Optional: true, Validators: textOf(word),
		}
	}
	return attributes
}

// computed returns a computed attribute for each fact.
func computed[T any](facts []options.Fact[T]) map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{}
	for _, fact := range facts {
		attributes[fact.Name.String()] = schema.StringAttribute{MarkdownDescription: fact.Doc, Computed: true}
	}
	return attributes
}

// objectOf makes an object of the facts of one thing.
func objectOf[T any](facts []options.Fact[T], of T) (types.Object, diag.Diagnostics) {
	values := map[string]attr.Value{}
	for _, fact := range facts {
		values[fact.Name.String()] = stringOrNull(fact.Read(of))
	}
	return types.ObjectValue(typesOf(facts), values)
}

func typesOf[T any](facts []options.Fact[T]) map[string]attr.Type {
	kinds := map[string]attr.Type{}
	for _, fact := range facts {
		kinds[fact.Name.String()] = types.StringType
	}
	return kinds
}

// setter is a state that takes one attribute after the other.
type setter interface {
	SetAttribute(ctx context.Context, at path.Path, value any) diag.Diagnostics
}

func setFacts[T any](ctx context.Context, to setter, facts []options.Fact[T], of T, diags *diag.Diagnostics) {
	for _, fact := range facts {
		diags.Append(to.SetAttribute(ctx, path.Root(fact.Name.String()), stringOrNull(fact.Read(of)))...)
	}
}
