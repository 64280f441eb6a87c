package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

const stagedJoinDescription = "An Active Directory join staged in a Windows image that is not running. The machine " +
	"joins at its first boot, before the first logon, without network and without a domain credential.\n\n" +
	"After the first boot `status` becomes `completed`, and that is no drift. A join is replaced or taken back only " +
	"when this resource staged or imported it. Until the first boot the image holds the machine's password: treat it " +
	"like one."

func (r *stagedJoinResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: stagedJoinDescription,
		Attributes: map[string]schema.Attribute{
			options.WindowsPath.Name(): windowsPathAttribute(),
			options.BlobFile.Name(): schema.StringAttribute{
				MarkdownDescription: options.BlobFile.Doc(),
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			options.IdentityFile.Name(): schema.StringAttribute{
				MarkdownDescription: options.IdentityFile.Doc() + " The provider's `identity_file` comes before that.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			options.BlobWO.Name(): schema.StringAttribute{
				MarkdownDescription: options.BlobWO.Doc(),
				Optional:            true,
				Sensitive:           true,
				WriteOnly:           true,
			},
			options.BlobVersion.Name(): schema.Int64Attribute{
				MarkdownDescription: options.BlobVersion.Doc(),
				Optional:            true,
			},
			options.MachineName.Name(): expectation(options.MachineName),
			options.Domain.Name():      expectation(options.Domain),
			options.MethodWord.Name():  choice(options.MethodWord),
			options.Existing.Name():    choice(options.Existing),

			options.ID.Name():               fact(options.ID),
			options.Fingerprint.Name():      fact(options.Fingerprint),
			options.StatusWord.Name():       fact(options.StatusWord),
			options.NetBIOSDomain.Name():    fact(options.NetBIOSDomain),
			options.DomainSID.Name():        fact(options.DomainSID),
			options.DomainGUID.Name():       fact(options.DomainGUID),
			options.DomainController.Name(): fact(options.DomainController),
			options.Site.Name():             fact(options.Site),
			options.WindowsProduct.Name():   fact(options.WindowsProduct),
			options.WindowsBuild.Name():     fact(options.WindowsBuild),
			options.Architecture.Name():     fact(options.Architecture),
			options.StagedAt.Name():         fact(options.StagedAt),
		},
	}
}

func windowsPathAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: options.WindowsPath.Doc() + " Another image makes another resource.",
		Required:            true,
		Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
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
		cleanPath(req.PlanValue.ValueString()) != cleanPath(req.StateValue.ValueString())
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

// fact is a computed attribute. Which of them a change leaves alone is decided in ModifyPlan.
func fact(w options.Word) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: w.Doc(), Computed: true}
}
