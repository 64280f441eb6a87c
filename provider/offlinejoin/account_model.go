package offlinejoin

import (
	"cmp"
	"context"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// accountModel is the attribute account: what account is asked for.
type accountModel struct {
	OU               types.String `tfsdk:"ou"`
	ObjectGUID       types.String `tfsdk:"object_guid"`
	Reuse            types.String `tfsdk:"reuse"`
	TrustedOwners    types.List   `tfsdk:"trusted_owners"`
	ReplaceLive      types.Bool   `tfsdk:"replace_live"`
	Description      types.String `tfsdk:"description"`
	PersistentSite   types.String `tfsdk:"persistent_site"`
	NetBIOSName      types.String `tfsdk:"netbios_name"`
	PrimaryDNSDomain types.String `tfsdk:"primary_dns_domain"`
	RootCACerts      types.Bool   `tfsdk:"root_ca_certs"`
	OnError          types.String `tfsdk:"on_error"`
	Enabled          types.Bool   `tfsdk:"enabled"`
}

// enabledWord is account.enabled, which only Terraform has.
const enabledWord = "enabled"

const accountDescription = "What account is asked for; without it, a new one in the domain's container for computers. Once the " +
	"join is staged, a change here is only recorded, but for what is in the join itself (`persistent_site`, `netbios_name`, " +
	"`primary_dns_domain`, `root_ca_certs`): as long as no machine has booted, that replaces the resource. `ou` moves no account."

// accountAttribute is account. It has no defaults: what was not written is null, and is no change for a state.
func accountAttribute() schema.SingleNestedAttribute {
	attributes := map[string]schema.Attribute{
		options.AccountTrustedOwners.String(): schema.ListAttribute{
			MarkdownDescription: options.AccountTrustedOwners.Doc(), Optional: true, ElementType: types.StringType,
		},
		enabledWord: schema.BoolAttribute{
			MarkdownDescription: "Enable the account again when somebody has disabled it, when `true`. Without it, a disabled " +
				"account is only warned of: somebody meant it.",
			Optional: true,
		},
	}
	for _, word := range []options.Name{options.AccountReplaceLive, options.AccountRootCACerts} {
		attributes[word.String()] = schema.BoolAttribute{MarkdownDescription: word.Doc(), Optional: true}
	}
	for _, word := range []options.Name{
		options.AccountOU, options.AccountObjectGUID, options.AccountReuse, options.AccountDescription, options.AccountPersistentSite,
		options.AccountNetBIOSName, options.AccountPrimaryDNSDomain, options.AccountOnError,
	} {
		attribute := given(word)
		if allowed := word.Allowed(); allowed != nil {
			attribute.Validators = []validator.String{stringvalidator.OneOf(allowed...)}
		}
		attributes[word.String()] = attribute
	}
	return schema.SingleNestedAttribute{MarkdownDescription: accountDescription, Optional: true, Attributes: attributes}
}

// accountType is the type of account.
func accountType() types.ObjectType {
	kinds := map[string]attr.Type{}
	for name, attribute := range accountAttribute().Attributes {
		kinds[name] = attribute.GetType()
	}
	return types.ObjectType{AttrTypes: kinds}
}

// readAccount takes over the attribute account. known is false while a part of it is not known.
func readAccount(ctx context.Context, object types.Object, diags *diag.Diagnostics) (m accountModel, known bool) {
	if object.IsUnknown() {
		return m, false
	}
	if object.IsNull() {
		m.TrustedOwners = types.ListNull(types.StringType)
		return m, true
	}
	diags.Append(object.As(ctx, &m, basetypes.ObjectAsOptions{})...)
	for _, value := range object.Attributes() {
		if value.IsUnknown() {
			return m, false
		}
	}
	for _, owner := range m.TrustedOwners.Elements() {
		if owner.IsUnknown() {
			return m, false
		}
	}
	return m, true
}

// request returns the request for the account of a machine; the words of it must be known.
func (m *accountModel) request(ctx context.Context, machineName string, diags *diag.Diagnostics) (core.AccountRequest, bool) {
	var owners []string
	diags.Append(m.TrustedOwners.ElementsAs(ctx, &owners, false)...)
	req, err := options.AccountWords{
		MachineName: machineName, OU: m.OU.ValueString(), ObjectGUID: m.ObjectGUID.ValueString(), Reuse: m.Reuse.ValueString(),
		TrustedOwners: owners, ReplaceLive: m.ReplaceLive.ValueBool(), Description: m.Description.ValueString(),
		PersistentSite: m.PersistentSite.ValueString(), NetBIOSName: m.NetBIOSName.ValueString(),
		PrimaryDNSDomain: m.PrimaryDNSDomain.ValueString(), RootCACerts: m.RootCACerts.ValueBool(), OnError: m.OnError.ValueString(),
	}.Request()
	if err != nil {
		diags.AddAttributeError(path.Root(options.Account.String()), "Account not to be had", err.Error())
	}
	return req, err == nil
}

// sameBlob reports whether two requests for a machine make blobs that differ in nothing but the password, and in what says no more
// than the default.
func (m *accountModel) sameBlob(o *accountModel, machineName, domain string) bool {
	same := func(a, b types.String, fallback string) bool {
		return strings.EqualFold(cmp.Or(a.ValueString(), fallback), cmp.Or(b.ValueString(), fallback))
	}
	return same(m.PersistentSite, o.PersistentSite, "") && same(m.NetBIOSName, o.NetBIOSName, machineName) &&
		same(m.PrimaryDNSDomain, o.PrimaryDNSDomain, domain) && m.RootCACerts.ValueBool() == o.RootCACerts.ValueBool()
}

// takes reports whether the request may have taken an account that was there, so that it is not ours to delete.
func (m *accountModel) takes() bool {
	return !m.ObjectGUID.IsNull() || m.Reuse.ValueString() == string(core.AccountReuseOwn) ||
		m.Reuse.ValueString() == string(core.AccountReuseTrusted)
}

// accountFactsModel is what the directory has of the account. Nobody can set it.
type accountFactsModel struct {
	ObjectGUID      types.String `tfsdk:"object_guid"`
	DN              types.String `tfsdk:"dn"`
	PasswordLastSet types.String `tfsdk:"password_last_set"`
	AccountStatus   types.String `tfsdk:"account_status"`
}

// The facts of an account that code outside of the table of package options needs.
const (
	objectGUIDFact    options.Name = "object_guid"
	accountStatusFact options.Name = "account_status"
)

// accountFactAttributes are those of accountFactsModel.
func accountFactAttributes() map[string]schema.Attribute {
	found := map[string]schema.Attribute{}
	for _, fact := range options.AccountFacts() {
		switch fact.Name {
		case objectGUIDFact, "dn", accountStatusFact:
			found[fact.Name.String()] = computedText(fact.Doc)
		case "password_last_set":
			found[fact.Name.String()] = computedText("When the password was set that was staged (RFC 3339, UTC, to 100 ns): it names " +
				"the password, and is not secret.")
		}
	}
	return found
}

func (f *accountFactsModel) setUnknown() {
	f.ObjectGUID, f.DN, f.PasswordLastSet, f.AccountStatus =
		types.StringUnknown(), types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
}

// fill takes over what the directory said when the join was staged.
func (f *accountFactsModel) fill(facts *core.AccountFacts, staged core.FileTime) {
	f.ObjectGUID, f.PasswordLastSet = types.StringValue(facts.ObjectGUID), stringOrNull(staged.String())
	f.refresh(facts)
}

// refresh takes over what the directory says now.
func (f *accountFactsModel) refresh(facts *core.AccountFacts) {
	f.AccountStatus = types.StringValue(string(facts.Status))
	if facts.DN != "" {
		f.DN = types.StringValue(facts.DN)
	}
}

// anotherMachine asks for a new resource when the name is of another machine.
func anotherMachine() planmodifier.String {
	return stringplanmodifier.RequiresReplaceIf(func(
		_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse,
	) {
		resp.RequiresReplace = !strings.EqualFold(req.PlanValue.ValueString(), req.StateValue.ValueString())
	}, "Another machine makes another resource.", "Another machine makes another resource.")
}

// accountKey is the key of private state with an accountRecord.
const accountKey = "account"

// accountRecord is what a resource remembers of its account. Nothing secret is in it.
type accountRecord struct {
	ObjectGUID      string        `json:"object_guid"`
	PasswordLastSet core.FileTime `json:"password_last_set"` // of the password that was staged; 0: not known
	// Booted means that a machine was seen to use the account, or the image to have booted: the account gets no other
	// password from then on.
	Booted bool `json:"booted,omitempty"`
	// Taken means that the account was there before the resource: it is never deleted with it.
	Taken bool `json:"taken,omitempty"`
	// Stays says why the account stays in the directory when its resource goes; "": it is deleted. Known for the run only, as is
	// Abandons: the resource leaves its join in the image.
	Stays    string `json:"-"`
	Abandons bool   `json:"-"`
}

// stays returns why the account stays in the directory when its resource goes, and "" when it is deleted.
func (a accountRecord) stays(end, status types.String, deleteLive types.Bool) string {
	switch {
	case status.ValueString() == string(core.AccountGone):
		return ""
	case end.ValueString() != string(core.AccountDelete):
		return "account_on_destroy is " + end.ValueString()
	case a.Taken:
		return "it was there before this resource"
	case a.Booted && !deleteLive.ValueBool():
		return "a machine has booted with it"
	}
	return ""
}

func readAccountRecord(ctx context.Context, private privateReader, diags *diag.Diagnostics) (a accountRecord, recorded bool) {
	return a, readPrivate(ctx, private, accountKey, &a, diags)
}

func (a accountRecord) record(ctx context.Context, private privateWriter, diags *diag.Diagnostics) {
	writePrivate(ctx, private, accountKey, a, diags)
}

func (a accountRecord) query(machineName string) core.AccountQuery {
	return core.AccountQuery{ObjectGUID: a.ObjectGUID, MachineName: machineName, PasswordLastSet: a.PasswordLastSet}
}

// runAccounts are the accounts of resources of the state, as one run of Terraform has seen them. Of a resource that is replaced
// Terraform hands nothing on to the new one: so it is kept here for the run.
type runAccounts struct {
	mu     sync.Mutex
	seen   map[string]accountRecord // by machine name
	owners map[string]string        // the token of the resource that joined with an account in this run, by objectGUID
}

// see records the account of a resource of the state.
func (r *runAccounts) see(machineName string, a accountRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[string]accountRecord{}
	}
	r.seen[strings.ToUpper(machineName)] = a
}

// of returns what a resource of the state remembers of the account of a machine.
func (r *runAccounts) of(machineName string) (accountRecord, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, is := r.seen[strings.ToUpper(machineName)]
	return a, is
}

// own records who joined with an account in this run.
func (r *runAccounts) own(guid, token string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.owners == nil {
		r.owners = map[string]string{}
	}
	r.owners[guid] = token
}

// ownedByOther reports whether another resource has joined with the account in this run.
func (r *runAccounts) ownedByOther(guid, token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.owners[guid]
	return now != "" && now != token
}
