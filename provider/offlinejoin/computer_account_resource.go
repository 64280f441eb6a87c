package offlinejoin

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

var (
	_ resource.Resource                = (*computerAccountResource)(nil)
	_ resource.ResourceWithConfigure   = (*computerAccountResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*computerAccountResource)(nil)
	_ resource.ResourceWithImportState = (*computerAccountResource)(nil)
	_ resource.ResourceWithIdentity    = (*computerAccountResource)(nil)
)

// computerAccountResource is a computer account that is made ahead of its machine.
type computerAccountResource struct {
	stagedBy string
	run      *run
}

func newComputerAccountResource(version string) func() resource.Resource {
	return func() resource.Resource {
		return &computerAccountResource{stagedBy: "terraform-provider-offlinejoin/" + version, run: newRun()}
	}
}

func (r *computerAccountResource) Metadata(
	_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_computer_account"
}

func (r *computerAccountResource) Configure(
	_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse,
) {
	if run := configured(req.ProviderData, &resp.Diagnostics); run != nil {
		r.run = run
	}
}

// computerAccountModel is the resource's state, plan or configuration.
type computerAccountModel struct {
	MachineName      types.String `tfsdk:"machine_name"`
	OU               types.String `tfsdk:"ou"`
	Description      types.String `tfsdk:"description"`
	AccountOnDestroy types.String `tfsdk:"account_on_destroy"`
	DeleteLive       types.Bool   `tfsdk:"delete_live"`

	ID            types.String `tfsdk:"id"`
	Domain        types.String `tfsdk:"domain"`
	DN            types.String `tfsdk:"dn"`
	ObjectGUID    types.String `tfsdk:"object_guid"`
	AccountSID    types.String `tfsdk:"account_sid"`
	AccountStatus types.String `tfsdk:"account_status"`
}

const computerAccountDescription = "A computer account that is made ahead of its machine, so that groups, inventories and policies can " +
	"have it early. Its password is random and thrown away at once: nobody has it, and the account is of use to no machine until " +
	"`offlinejoin_domain_join` takes it, by `account = { object_guid = … }`, and gives it another. An account that exists is " +
	"refused."

func (r *computerAccountResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	another := func(word options.Name) schema.StringAttribute {
		attribute := given(word)
		attribute.MarkdownDescription += " Another one makes another resource."
		return attribute
	}
	attributes := map[string]schema.Attribute{
		options.MachineName.String(): schema.StringAttribute{
			MarkdownDescription: options.AccountMachineName.Doc() + " Another machine makes another resource.", Required: true,
			PlanModifiers: []planmodifier.String{anotherMachine()},
		},
		options.AccountOU.String():          another(options.AccountOU),
		options.AccountDescription.String(): another(options.AccountDescription),
		options.AccountOnDestroy.String():   choice(options.AccountOnDestroy),
		options.DeleteLive.String(): schema.BoolAttribute{
			MarkdownDescription: options.DeleteLive.Doc(), Optional: true, Computed: true, Default: booldefault.StaticBool(false),
		},
		options.ID.String(): computedText("What names the account: its objectGUID."),
	}
	for _, fact := range options.AccountFacts() {
		switch fact.Name {
		case objectGUIDFact, accountStatusFact, options.Domain, "dn", "account_sid":
			attributes[fact.Name.String()] = computedText(fact.Doc)
		}
	}
	resp.Schema = schema.Schema{MarkdownDescription: computerAccountDescription, Attributes: attributes}
}

// IdentitySchema tells Terraform (1.12 and later) what names an account for good.
func (r *computerAccountResource) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		string(objectGUIDFact): identityschema.StringAttribute{
			RequiredForImport: true, Description: "The objectGUID of the computer account.",
		},
	}}
}

type accountIdentity struct {
	ObjectGUID types.String `tfsdk:"object_guid"`
}

// fill takes over what the directory says.
func (m *computerAccountModel) fill(facts *core.AccountFacts) {
	m.AccountStatus = types.StringValue(string(facts.Status))
	m.ID, m.ObjectGUID = types.StringValue(facts.ObjectGUID), types.StringValue(facts.ObjectGUID)
	m.DN, m.AccountSID, m.Domain = stringOrNull(facts.DN), stringOrNull(facts.SID), stringOrNull(facts.Domain)
}

func (m *computerAccountModel) request() (core.AccountRequest, error) {
	return options.AccountWords{
		MachineName: m.MachineName.ValueString(), OU: m.OU.ValueString(), Description: m.Description.ValueString(),
	}.Request()
}

// ModifyPlan keeps what is known of an account, and makes every check for a new one.
func (r *computerAccountResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	if req.Plan.Raw.IsNull() {
		return
	}
	diags := &resp.Diagnostics
	var plan computerAccountModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	if diags.HasError() {
		return
	}
	if !req.State.Raw.IsNull() {
		r.planChange(ctx, &plan, req, resp)
		return
	}
	if old, replaced := r.run.prepared.of(plan.MachineName.ValueString()); replaced { // it goes first
		old.record(ctx, resp.Private, diags) // Terraform hands it to the destruction of a tainted one
		refuseToReplace(old, diags)
		return
	}
	if plan.MachineName.IsUnknown() || plan.OU.IsUnknown() || plan.Description.IsUnknown() || r.run.domain.unknown {
		return
	}
	r.work(ctx, &plan, diags, func(directory *core.Directory, acc core.AccountRequest) error {
		_, err := core.PlanPreparedAccount(ctx, directory, acc)
		return err
	})
}

// planChange keeps what is known of an account, or plans another one.
func (r *computerAccountResource) planChange(
	ctx context.Context, plan *computerAccountModel, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	var state computerAccountModel
	diags.Append(req.State.Get(ctx, &state)...)
	record, _ := readAccountRecord(ctx, req.Private, diags)
	if diags.HasError() {
		return
	}
	record.Stays = record.stays(state.AccountOnDestroy, state.AccountStatus, state.DeleteLive)
	r.run.prepared.see(state.MachineName.ValueString(), record)
	imported := func(was types.String) bool { return record.Taken && was.IsNull() } // what it was made with is not known
	if !imported(state.OU) && !plan.inOU(&state) {
		resp.RequiresReplace.Append(path.Root(options.AccountOU.String()))
	}
	if !imported(state.Description) && plan.Description.ValueString() != state.Description.ValueString() {
		resp.RequiresReplace.Append(path.Root(options.AccountDescription.String()))
	}
	switch {
	case !strings.EqualFold(plan.MachineName.ValueString(), state.MachineName.ValueString()): // another name is free
	case len(resp.RequiresReplace) > 0:
		refuseToReplace(record, diags)
	case plan.ID.IsUnknown(): // another word of its end, or another spelling
		plan.ID, plan.Domain, plan.DN, plan.ObjectGUID = state.ID, state.Domain, state.DN, state.ObjectGUID
		plan.AccountSID, plan.AccountStatus = state.AccountSID, state.AccountStatus
		diags.Append(resp.Plan.Set(ctx, plan)...)
	}
}

// inOU reports whether the account of a state is where a plan wants it: in the OU that it was made in, or, where none was written
// then, in the container that it came to.
func (m *computerAccountModel) inOU(state *computerAccountModel) bool {
	if state.OU.IsNull() && !m.OU.IsNull() {
		return core.SameDN(m.OU.ValueString(), core.ParentDN(state.DN.ValueString()))
	}
	return m.OU.IsNull() == state.OU.IsNull() && core.SameDN(m.OU.ValueString(), state.OU.ValueString())
}

// refuseToReplace adds an error where no account can be made in the place of another, whose name is not free.
func refuseToReplace(old accountRecord, diags *diag.Diagnostics) {
	if old.Stays == "" {
		return
	}
	way := `, or apply account_on_destroy = "delete" alone first`
	switch {
	case old.Taken:
		way = ""
	case old.Booted:
		way += ", with delete_live = true"
	}
	diags.AddAttributeError(path.Root(options.MachineName.String()), "Account stays", "The account (objectGUID "+old.ObjectGUID+
		") stays in the directory when its resource is replaced, because "+old.Stays+", so that no other can be made under its name, and "+
		"nothing was done: leave ou and description as they are and untaint the resource"+way+".")
}

// work does something for the account of a plan.
func (r *computerAccountResource) work(
	ctx context.Context, plan *computerAccountModel, diags *diag.Diagnostics, do func(*core.Directory, core.AccountRequest) error,
) {
	at := path.Root(options.MachineName.String())
	acc, err := plan.request()
	if err != nil {
		diags.AddAttributeError(at, "Account not to be had", err.Error())
		return
	}
	acc.StagedBy = r.stagedBy
	directory, leave, err := r.run.domain.enter(ctx, diags)
	if err != nil {
		blame(ctx, at, "Domain not to be reached", err, diags)
		return
	}
	defer leave()
	if err := do(directory, acc); err != nil {
		blame(ctx, at, "Account not to be had", err, diags)
	}
}

// Create makes the account.
func (r *computerAccountResource) Create(
	ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse,
) {
	var plan computerAccountModel
	diags := &resp.Diagnostics
	diags.Append(req.Plan.Get(ctx, &plan)...)
	if diags.HasError() {
		return
	}
	r.work(ctx, &plan, diags, func(directory *core.Directory, acc core.AccountRequest) error {
		facts, err := core.PrepareAccount(ctx, directory, acc)
		if err != nil {
			return err
		}
		plan.fill(facts)
		accountRecord{ObjectGUID: facts.ObjectGUID}.record(ctx, resp.Private, diags)
		return nil
	})
	if diags.HasError() {
		return
	}
	keepIdentity(ctx, resp.Identity, accountIdentity{plan.ObjectGUID}, diags)
	diags.Append(resp.State.Set(ctx, plan)...)
}

// Read takes over what the directory says. Only an account that is gone takes the resource with it, and only where no machine
// was seen to use it.
func (r *computerAccountResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state computerAccountModel
	diags := &resp.Diagnostics
	diags.Append(req.State.Get(ctx, &state)...)
	record, recorded := readAccountRecord(ctx, req.Private, diags)
	if diags.HasError() {
		return
	}
	if !recorded { // imported
		record = accountRecord{ObjectGUID: state.ObjectGUID.ValueString(), Taken: true}
	}
	keepIdentity(ctx, resp.Identity, accountIdentity{state.ObjectGUID}, diags)
	at := path.Root(options.MachineName.String())
	facts, asked, err := r.run.account(ctx, record.query(state.MachineName.ValueString()), diags)
	switch {
	case err != nil || !asked:
		state.AccountStatus = types.StringValue(string(core.AccountUnknown))
		if err != nil {
			diags.AddAttributeWarning(at, "Domain not asked", "What was known of the account of "+state.MachineName.ValueString()+
				" is kept: "+err.Error()+".")
		}
	case facts.Status == core.AccountGone && record.Booted:
		state.AccountStatus = types.StringValue(string(core.AccountGone))
		diags.AddAttributeWarning(at, "Account of a machine gone", "The account of "+state.MachineName.ValueString()+" does not exist any "+
			"more, and a machine has booted with it. None is made in its place: it would have another SID. Restore it, or let Terraform "+
			"forget it with `terraform state rm`.")
	case facts.Status == core.AccountGone:
		resp.State.RemoveResource(ctx)
		return
	default:
		record.Booted = record.Booted || facts.Status == core.AccountInUse || facts.LastLogon != 0
		state.fill(facts)
	}
	record.Stays = record.stays(state.AccountOnDestroy, state.AccountStatus, state.DeleteLive)
	r.run.prepared.see(state.MachineName.ValueString(), record)
	record.record(ctx, resp.Private, diags)
	diags.Append(resp.State.Set(ctx, state)...)
}

// Update only records what changed: another account is another resource.
func (r *computerAccountResource) Update(
	ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse,
) {
	var plan computerAccountModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	keepIdentity(ctx, resp.Identity, accountIdentity{plan.ObjectGUID}, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// Delete does with the account what account_on_destroy says.
func (r *computerAccountResource) Delete(
	ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse,
) {
	var state computerAccountModel
	diags := &resp.Diagnostics
	diags.Append(req.State.Get(ctx, &state)...)
	record, recorded := readAccountRecord(ctx, req.Private, diags)
	end := core.AccountEnd(state.AccountOnDestroy.ValueString())
	if diags.HasError() || end == core.AccountKeep {
		return
	}
	if !recorded || record.ObjectGUID != state.ObjectGUID.ValueString() { // nothing is known of it: it is not deleted
		record = accountRecord{ObjectGUID: state.ObjectGUID.ValueString(), Taken: true}
	}
	at := path.Root(options.AccountOnDestroy.String())
	directory, leave, err := r.run.domain.enter(ctx, diags)
	if err == nil {
		defer leave()
		_, err = core.ReleaseAccount(ctx, directory, core.AccountRelease{
			AccountQuery: record.query(state.MachineName.ValueString()), End: end, Adopted: record.Taken,
			DeleteLive: state.DeleteLive.ValueBool(),
		})
	}
	if err != nil {
		blame(ctx, at, "Account not ended", err, diags)
	}
}

// ImportState takes an account by its objectGUID, its DN, or as DOMAIN\NAME$.
func (r *computerAccountResource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	diags := &resp.Diagnostics
	name := req.ID
	if name == "" && req.Identity != nil {
		var named accountIdentity
		diags.Append(req.Identity.Get(ctx, &named)...)
		name = named.ObjectGUID.ValueString()
	}
	facts, err := r.run.importedAccount(ctx, name, diags)
	if err != nil {
		diags.AddError("Account not to be imported", err.Error()+".")
		return
	}
	state := computerAccountModel{
		MachineName:      types.StringValue(facts.MachineName),
		AccountOnDestroy: types.StringValue(options.AccountOnDestroy.Default()), DeleteLive: types.BoolValue(false),
	}
	state.fill(facts)
	diags.Append(resp.State.Set(ctx, state)...)
	diags.Append(resp.Identity.Set(ctx, accountIdentity{state.ObjectGUID})...)
}
