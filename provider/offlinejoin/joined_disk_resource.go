package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

var (
	_ resource.Resource                     = (*joinedDiskResource)(nil)
	_ resource.ResourceWithConfigure        = (*joinedDiskResource)(nil)
	_ resource.ResourceWithConfigValidators = (*joinedDiskResource)(nil)
	_ resource.ResourceWithModifyPlan       = (*joinedDiskResource)(nil)
	_ resource.ResourceWithImportState      = (*joinedDiskResource)(nil)
	_ resource.ResourceWithIdentity         = (*joinedDiskResource)(nil)
)

// joinedDiskResource is one disk that is made from a golden image with a join in it.
type joinedDiskResource struct {
	stagedBy string
	run      *run
}

func newJoinedDiskResource(version string) func() resource.Resource {
	return func() resource.Resource {
		return &joinedDiskResource{stagedBy: "terraform-provider-offlinejoin/" + version, run: newRun()}
	}
}

func (r *joinedDiskResource) Metadata(
	_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_joined_disk"
}

func (r *joinedDiskResource) Configure(
	_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse,
) {
	if run := configured(req.ProviderData, &resp.Diagnostics); run != nil {
		r.run = run
	}
}

func (r *joinedDiskResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{
		exactlyOneOf(options.OverlayPath, options.CopyPath),
		conflicting(options.CopyPath, options.Backing),
		exactlyOneOf(options.BlobFile, options.BlobWO),
		conflicting(options.BlobFile, options.BlobVersion),
		conflicting(options.IdentityFile, options.BlobWO),
	}
}

const joinedDiskDescription = "A new disk for a machine, made from a golden disk image with an Active Directory join in it: an " +
	"overlay that stands on the golden image (`overlay_path`), or a copy (`copy_path`). The golden image is opened as a file, " +
	"with no mount and no root, and only read. The machine joins at its first boot, before the first logon, without network and " +
	"without a domain credential.\n\n" +
	"Until the first boot the disk holds the machine's password: treat it like one. `qemu-img commit` would write it into the " +
	"golden image. After the first boot `status` becomes `completed`, and that is no drift. A disk that somebody has open is not " +
	"looked at: what was known of it is kept.\n\n" +
	"A golden image must not change as long as an overlay stands on it: overlays of one that was changed are broken, and every " +
	"plan warns of them. Another golden image, path or blob makes a new disk. A disk that a machine has used is never replaced " +
	"at the same path, unless `on_destroy` is `delete`; `create_before_destroy` needs a new path with every new disk."

func (r *joinedDiskResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	place := placeAttributes()
	place[options.ImagePath.String()] = goldenAttribute()
	resp.Schema = schema.Schema{
		MarkdownDescription: joinedDiskDescription,
		Attributes: attributes(
			place, newDiskAttributes(), blobAttributes(), joinAttributes(ctx), diskFactAttributes(),
			map[string]schema.Attribute{options.OnDestroy.String(): onDestroyOfDisk()},
		),
	}
}

// goldenAttribute is the image that new disks are made from.
func goldenAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "The golden disk image that the disk is made from, such as `golden.qcow2`, which is only read: raw, " +
			"qcow2, vhdx, vhd or vmdk. Another image makes another resource.",
		Required:      true,
		Validators:    textOf(options.ImagePath),
		PlanModifiers: replacedIf(goldenElsewhere, anotherImage),
	}
}

func onDestroyOfDisk() schema.StringAttribute {
	attribute := choice(options.OnDestroyDisk)
	attribute.Default = stringdefault.StaticString(options.OnDestroyDisk.Default())
	return attribute
}

// IdentitySchema tells Terraform (1.12 and later) what names a disk for good: its path.
func (r *joinedDiskResource) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		options.Path.String(): identityschema.StringAttribute{
			RequiredForImport: true,
			Description:       "The path of the disk; with `#` and the number of the partition if one was chosen.",
		},
	}}
}

// diskIdentity names a disk.
type diskIdentity struct {
	Path types.String `tfsdk:"path"`
}

func (m *joinedDiskModel) identity() diskIdentity { return diskIdentity{m.ID} }
