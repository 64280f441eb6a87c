package offlinejoin

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// placeAttributes are those of placeModel. Another image, or another Windows in it, makes another resource.
func placeAttributes() map[string]schema.Attribute {
	image := given(options.ImagePath)
	image.MarkdownDescription += anotherImage
	image.PlanModifiers = replacedIf(leadsElsewhere, anotherImage)
	number := given(options.Partition)
	number.PlanModifiers = replacedIf(isAnotherPartition, anotherImage)
	return map[string]schema.Attribute{
		options.ImagePath.String(): image, options.Partition.String(): number, options.ImageName.String(): given(options.ImageName),
	}
}

// newDiskAttributes are those of newDiskModel: another disk is another resource.
func newDiskAttributes() map[string]schema.Attribute {
	found := map[string]schema.Attribute{}
	for _, word := range []options.Name{options.OverlayPath, options.CopyPath} {
		attribute := given(word)
		attribute.MarkdownDescription += anotherDisk
		attribute.PlanModifiers = replacedIf(leadsElsewhere, anotherDisk)
		found[word.String()] = attribute
	}
	backing := given(options.Backing)
	backing.Validators = []validator.String{stringvalidator.OneOf(options.Backing.Allowed()...)}
	backing.PlanModifiers = replacedIf(isAnotherBacking, anotherDisk)
	found[options.Backing.String()] = backing
	return found
}

// diskFactAttributes are those of diskFacts.
func diskFactAttributes() map[string]schema.Attribute {
	found := map[string]schema.Attribute{
		options.VirtualSize.String(): schema.Int64Attribute{MarkdownDescription: options.VirtualSize.Doc(), Computed: true},
	}
	for _, fact := range []options.Name{options.Path, options.Format, options.BackingPath} {
		found[fact.String()] = computedText(fact.Doc())
	}
	return found
}

const (
	anotherImage = " Another image makes another resource."
	anotherDisk  = " Another disk makes another resource."
)

// attributes puts parts of a schema together.
func attributes(parts ...map[string]schema.Attribute) map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

func replacedIf(differs stringplanmodifier.RequiresReplaceIfFunc, why string) []planmodifier.String {
	return []planmodifier.String{stringplanmodifier.RequiresReplaceIf(differs, why[1:], why[1:])}
}

// leadsElsewhere asks for a new resource when the path means another file or folder, not when it is only spelled otherwise.
func leadsElsewhere(
	_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse,
) {
	resp.RequiresReplace = elsewhere(req.PlanValue, req.StateValue)
}

func elsewhere(planned, was types.String) bool {
	return planned.IsUnknown() ||
		core.ImageAt(planned.ValueString()).Key() != core.ImageAt(was.ValueString()).Key()
}

// isAnotherPartition asks for a new resource when the number is another than the one that was written or found.
func isAnotherPartition(
	ctx context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse,
) {
	mine, _ := owned(ctx, req.Private, &resp.Diagnostics)
	resp.RequiresReplace = !mine.samePartition(req.PlanValue, req.StateValue)
}

// isAnotherBacking asks for a new resource when the word is another, with the default for what was not written.
func isAnotherBacking(
	_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse,
) {
	resp.RequiresReplace = req.PlanValue.IsUnknown() || backingOf(req.PlanValue) != backingOf(req.StateValue)
}

func backingOf(word types.String) string {
	if word.IsNull() {
		return options.Backing.Default()
	}
	return word.ValueString()
}

// goldenElsewhere is leadsElsewhere for the image that a disk was made from, which is not known after an import of a copy.
func goldenElsewhere(
	_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse,
) {
	resp.RequiresReplace = !req.StateValue.IsNull() && elsewhere(req.PlanValue, req.StateValue)
}
