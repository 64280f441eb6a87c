package offlinejoin

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

var (
	_ resource.Resource                     = (*domainJoinResource)(nil)
	_ resource.ResourceWithConfigure        = (*domainJoinResource)(nil)
	_ resource.ResourceWithConfigValidators = (*domainJoinResource)(nil)
	_ resource.ResourceWithModifyPlan       = (*domainJoinResource)(nil)
	_ resource.ResourceWithImportState      = (*domainJoinResource)(nil)
	_ resource.ResourceWithIdentity         = (*domainJoinResource)(nil)
)

// domainJoinResource is one computer account with the image that joins with it.
type domainJoinResource struct {
	stagedBy string
	run      *run
}

func newDomainJoinResource(version string) func() resource.Resource {
	return func() resource.Resource {
		return &domainJoinResource{stagedBy: "terraform-provider-offlinejoin/" + version, run: newRun()}
	}
}

func (r *domainJoinResource) Metadata(
	_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_domain_join"
}

func (r *domainJoinResource) Configure(
	_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse,
) {
	if run := configured(req.ProviderData, &resp.Diagnostics); run != nil {
		r.run = run
	}
}

func (r *domainJoinResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{
		exactlyOneOf(options.WindowsPath, options.ImagePath),
		conflicting(options.WindowsPath, options.Partition),
		conflicting(options.WindowsPath, options.OverlayPath),
		conflicting(options.WindowsPath, options.CopyPath),
		conflicting(options.OverlayPath, options.CopyPath),
		conflicting(options.CopyPath, options.Backing),
	}
}

const domainJoinDescription = "A machine from a name alone: its computer account in Active Directory, and the join with it in a " +
	"Windows image that is not running. The image is a mounted tree (`windows_path`), a disk image file (`image_path`), or a new " +
	"disk made from a golden one (`overlay_path` or `copy_path`). The account's password is made by the provider: it is in " +
	"memory and in the image, and in no file, plan, state or log. The machine joins at its first boot, before the first logon, " +
	"without network and without a domain credential.\n\n" +
	"Every check of both sides is made in the plan: a wrong name, OU, image or right leaves nothing in the directory. Where the " +
	"apply fails or is killed, the next one finishes the join or refuses, and never makes a second one.\n\n" +
	"What the resource is, is its account, by objectGUID, and not its image. **A machine that has booted gets no other password**: " +
	"not by an apply, a refresh, an image that is lost, or a change of the credential, of `dc` or of `site`.\n\n" +
	"With `create_before_destroy` the new resource comes while the account is that of the old one: a new disk has to have another " +
	"path, and the account is taken with `account = { reuse = \"own\" }`. Where the image is changed in place, a change of what is in the " +
	"join itself (`persistent_site` and its like) is refused until the old join is taken back."

func (r *domainJoinResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := attributes(
		placeAttributes(), newDiskAttributes(), joinAttributes(ctx), diskFactAttributes(), accountFactAttributes(),
		map[string]schema.Attribute{
			options.WindowsPath.String(): windowsPathAttribute(),
			options.MachineName.String(): schema.StringAttribute{
				MarkdownDescription: options.AccountMachineName.Doc() + " Another machine makes another resource.",
				Required:            true,
				PlanModifiers:       []planmodifier.String{anotherMachine()},
			},
			options.Domain.String():           computedText("The DNS name of the domain."),
			options.Account.String():          accountAttribute(),
			options.OnDestroy.String():        onDestroyOfEither(),
			options.AccountOnDestroy.String(): choice(options.AccountOnDestroy),
			options.DeleteLive.String(): schema.BoolAttribute{
				MarkdownDescription: options.DeleteLive.Doc(), Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			},
		})
	attributes[options.ID.String()] = computedText("What names the join: the objectGUID of its account.")
	resp.Schema = schema.Schema{MarkdownDescription: domainJoinDescription, Attributes: attributes}
}

// onDestroyOfEither is on_destroy of an image that is changed in place, and of a disk that is made. Its default depends on which
// it is, so that ModifyPlan gives it.
func onDestroyOfEither() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "What destroying does with the image, before the account. With `overlay_path` or `copy_path`: `delete_unused` " +
			"(default) removes a disk that no machine has used, `delete` removes it in any case, `keep` leaves it, as in " +
			"`offlinejoin_joined_disk`. Otherwise: `unstage` (default) takes back exactly what was added, `abandon` leaves the image as it " +
			"is, `fail` refuses to destroy a join that waits, as in `offlinejoin_staged_join`.",
		Optional: true,
		Computed: true,
		Validators: []validator.String{
			stringvalidator.OneOf(slices.Concat(options.OnDestroy.Allowed(), options.OnDestroyDisk.Allowed())...),
		},
	}
}

// IdentitySchema tells Terraform (1.12 and later) what names a join for good: its account.
func (r *domainJoinResource) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		string(objectGUIDFact): identityschema.StringAttribute{
			RequiredForImport: true, Description: "The objectGUID of the computer account.",
		},
		options.Path.String(): identityschema.StringAttribute{
			OptionalForImport: true,
			Description: "Where the image is, for an import: its Windows directory, or its disk image file, with `#` and the number of the " +
				"partition where several hold one.",
		},
	}}
}

// joinIdentity names a join.
type joinIdentity struct {
	ObjectGUID types.String `tfsdk:"object_guid"`
	Path       types.String `tfsdk:"path"`
}

func (m *domainJoinModel) identity() joinIdentity {
	return joinIdentity{m.ObjectGUID, types.StringNull()}
}
