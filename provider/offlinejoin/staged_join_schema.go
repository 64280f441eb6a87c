package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

const stagedJoinDescription = "An Active Directory join staged in a Windows image that is not running. The machine " +
	"joins at its first boot, before the first logon, without network and without a domain credential.\n\n" +
	"After the first boot `status` becomes `completed`, and that is no drift. Until then the image holds the machine's " +
	"password: treat it like one."

func (r *stagedJoinResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: stagedJoinDescription,
		Attributes: attributes(placeAttributes(), blobAttributes(), joinAttributes(ctx), map[string]schema.Attribute{
			options.WindowsPath.String():    windowsPathAttribute(),
			options.JournalDir.String():     given(options.JournalDir),
			options.OnExistingName.String(): choice(options.OnExistingName),
			options.OnDestroy.String():      choice(options.OnDestroy),
			options.AfterFirstBoot.String(): choice(options.AfterFirstBoot),
		}),
	}
}

// blobAttributes are those of blobModel.
func blobAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		options.BlobFile.String():     given(options.BlobFile),
		options.IdentityFile.String(): identityAttribute(),
		options.BlobWO.String(): schema.StringAttribute{
			MarkdownDescription: options.BlobWO.Doc(),
			Optional:            true,
			Sensitive:           true,
			WriteOnly:           true,
		},
		options.BlobVersion.String(): given(options.BlobVersion),
	}
}

// joinAttributes are those of joinModel.
func joinAttributes(ctx context.Context) map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		options.MachineName.String():       expectation(options.MachineName),
		options.Domain.String():            expectation(options.Domain),
		options.MethodName.String():        choice(options.MethodName),
		options.Reuse.String():             choice(options.Reuse),
		options.ReuseReason.String():       given(options.ReuseReason),
		options.SecretExposure.String():    exposureAttribute(),
		options.CompletionProgram.String(): given(options.CompletionProgram),
		"timeouts":                         timeouts.Attributes(ctx, timeoutOptions()),
		options.ID.String():                computedText(options.ID.Doc()),
	}
	for _, fact := range stagedFacts(options.BlobFacts()) {
		attributes[fact.Name.String()] = computedText(fact.Doc)
	}
	for _, fact := range stagedFacts(options.ImageFacts()) {
		attributes[fact.Name.String()] = computedText(fact.Doc)
	}
	return attributes
}

func timeoutOptions() timeouts.Opts {
	const what = " Default: `10m`. Waiting for others who change the image ends earlier, with the provider's `lock_timeout`."
	return timeouts.Opts{
		Create: true, Read: true, Update: true, Delete: true,
		CreateDescription: "How long staging may take." + what,
		ReadDescription:   "How long looking at the image may take. Default: `10m`.",
		UpdateDescription: "How long staging again may take." + what,
		DeleteDescription: "How long taking the join back may take." + what,
	}
}

// IdentitySchema tells Terraform (1.12 and later) what names a staged join for good: the image.
func (r *stagedJoinResource) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		options.WindowsPath.String(): identityschema.StringAttribute{
			OptionalForImport: true,
			Description:       options.WindowsPath.Doc(),
		},
		options.ImagePath.String(): identityschema.StringAttribute{
			OptionalForImport: true,
			Description: "The disk image file that holds the Windows, in place of `windows_path`; with `#` and the number of the " +
				"partition where several hold one.",
		},
	}}
}

// keepIdentity gives a resource its identity when it has none yet. One that it has stays: it may be of an earlier version,
// and Terraform refuses a change.
func keepIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, named any, diags *diag.Diagnostics) {
	if identity != nil && identity.Raw.IsNull() {
		diags.Append(identity.Set(ctx, named)...)
	}
}

// identityModel names a staged join.
type identityModel struct {
	WindowsPath types.String `tfsdk:"windows_path"`
	ImagePath   types.String `tfsdk:"image_path"`
}

// identity returns what names the join.
func (m *stagedJoinModel) identity() identityModel {
	if m.ImagePath.IsNull() {
		return identityModel{WindowsPath: m.ID}
	}
	return identityModel{ImagePath: m.ID}
}

func windowsPathAttribute() schema.StringAttribute {
	attribute := given(options.WindowsPath)
	attribute.MarkdownDescription += anotherImage
	attribute.PlanModifiers = replacedIf(leadsElsewhere, anotherImage)
	return attribute
}

// given is what the user may say, and nobody else does.
func given(name options.Name) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: name.Doc(),
		Optional:            true,
		Validators:          textOf(name),
	}
}

const providersFirst = " The provider's `identity_file` comes before that."

// identityAttribute is the identity file of one blob, beside the provider's.
func identityAttribute() schema.StringAttribute {
	attribute := given(options.IdentityFile)
	attribute.MarkdownDescription += providersFirst
	return attribute
}

// expectation is what the blob must be for when the user says it, and what it is for when not.
func expectation(name options.Name) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: name.Doc() + " Left out, it tells what the blob is for.",
		Optional:            true,
		Computed:            true,
		Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
	}
}

func choice(name options.Name) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: name.Doc(),
		Optional:            true,
		Computed:            true,
		Default:             stringdefault.StaticString(name.Default()),
		Validators:          []validator.String{stringvalidator.OneOf(name.Allowed()...)},
	}
}

// exposureAttribute has no default in the state, so that a state of an earlier version is no change.
func exposureAttribute() schema.StringAttribute {
	attribute := given(options.SecretExposure)
	attribute.Validators = []validator.String{stringvalidator.OneOf(options.SecretExposure.Allowed()...)}
	return attribute
}

// computedText is a computed attribute. Which of them a change leaves alone is decided in ModifyPlan.
func computedText(doc string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: doc, Computed: true}
}
