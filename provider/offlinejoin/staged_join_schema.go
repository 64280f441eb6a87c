package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

const stagedJoinDescription = "An Active Directory join staged in a Windows image that is not running. The machine " +
	"joins at its first boot, before the first logon, without network and without a domain credential.\n\n" +
	"After the first boot `status` becomes `completed`, and that is no drift. Until then the image holds the machine's " +
	"password: treat it like one."

func (r *stagedJoinResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		options.WindowsPath.Name():  windowsPathAttribute(),
		options.BlobFile.Name():     given(options.BlobFile),
		options.IdentityFile.Name(): identityAttribute(),
		options.BlobWO.Name(): schema.StringAttribute{
			MarkdownDescription: options.BlobWO.Doc(),
			Optional:            true,
			Sensitive:           true,
			WriteOnly:           true,
		},
		options.BlobVersion.Name():       given(options.BlobVersion),
		options.MachineName.Name():       expectation(options.MachineName),
		options.Domain.Name():            expectation(options.Domain),
		options.MethodWord.Name():        choice(options.MethodWord),
		options.Existing.Name():          choice(options.Existing),
		options.OnDestroy.Name():         choice(options.OnDestroy),
		options.AfterFirstBoot.Name():    choice(options.AfterFirstBoot),
		options.Reuse.Name():             choice(options.Reuse),
		options.ReuseReason.Name():       given(options.ReuseReason),
		options.SecretExposure.Name():    exposureAttribute(),
		options.CompletionProgram.Name(): given(options.CompletionProgram),
		"timeouts":                       timeouts.Attributes(ctx, timeoutOptions()),
		options.ID.Name():                fact(options.ID),
	}
	for _, word := range factWords() {
		attributes[word.Name()] = fact(word)
	}
	resp.Schema = schema.Schema{MarkdownDescription: stagedJoinDescription, Attributes: attributes}
}

// factWords are the computed attributes, except id.
func factWords() []options.Word {
	return []options.Word{
		options.Fingerprint, options.StatusWord, options.MethodUsed, options.NetBIOSDomain, options.Forest,
		options.DomainSID, options.DomainGUID, options.AccountSID, options.DomainController, options.Site,
		options.WindowsProduct, options.WindowsEdition, options.WindowsBuild, options.Architecture,
		options.ComputerName, options.MachineSID, options.StagedAt, options.CompletedAt, options.Result,
		options.ResultText,
	}
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
		options.WindowsPath.Name(): identityschema.StringAttribute{
			RequiredForImport: true,
			Description:       options.ID.Doc(),
		},
	}}
}

// keepIdentity gives a resource its identity when it has none yet. One that it has stays: it may be of an earlier version,
// and Terraform refuses a change.
func keepIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, id string, diags *diag.Diagnostics) {
	if identity != nil && identity.Raw.IsNull() {
		diags.Append(identity.Set(ctx, identityModel{id})...)
	}
}

// identityModel names a staged join.
type identityModel struct {
	WindowsPath string `tfsdk:"windows_path"`
}

func windowsPathAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: options.WindowsPath.Doc() + " Another image makes another resource.",
		Required:            true,
		Validators:          textOf(options.WindowsPath),
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplaceIf(
			leadsElsewhere, "Another image makes another resource.", "Another image makes another resource.",
		)},
	}
}

// leadsElsewhere asks for a new resource when the path means another folder, not when it is only spelled otherwise.
func leadsElsewhere(
	_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse,
) {
	resp.RequiresReplace = req.PlanValue.IsUnknown() ||
		core.ImageAt(req.PlanValue.ValueString()).Key() != core.ImageAt(req.StateValue.ValueString()).Key()
}

// given is what the user may say, and nobody else does.
func given(w options.Word) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: w.Doc(),
		Optional:            true,
		Validators:          textOf(w),
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
func expectation(w options.Word) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: w.Doc() + " Left out, it tells what the blob is for.",
		Optional:            true,
		Computed:            true,
		Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
	}
}

func choice(w options.Word) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: w.Doc(),
		Optional:            true,
		Computed:            true,
		Default:             stringdefault.StaticString(w.Default()),
		Validators:          []validator.String{stringvalidator.OneOf(w.Allowed()...)},
	}
}

// exposureAttribute has no default in the state, so that a state of an earlier version is no change.
func exposureAttribute() schema.StringAttribute {
	attribute := given(options.SecretExposure)
	attribute.Validators = []validator.String{stringvalidator.OneOf(options.SecretExposure.Allowed()...)}
	return attribute
}

// fact is a computed attribute. Which of them a change leaves alone is decided in ModifyPlan.
func fact(w options.Word) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: w.Doc(), Computed: true}
}
