package offlinejoin

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// directoryModel is the block active_directory of the provider.
type directoryModel struct {
	Domain       types.String `tfsdk:"domain"`
	DC           types.String `tfsdk:"dc"`
	Site         types.String `tfsdk:"site"`
	User         types.String `tfsdk:"user"`
	Password     types.String `tfsdk:"password"`
	PasswordFile types.String `tfsdk:"password_file"`
	Keytab       types.String `tfsdk:"keytab"`
	CCache       types.String `tfsdk:"ccache"`
	CurrentUser  types.Bool   `tfsdk:"current_user"`
	Security     types.String `tfsdk:"security"`
	SimpleBind   types.Bool   `tfsdk:"simple_bind"`
	CAFile       types.String `tfsdk:"ca_file"`
	Timeout      types.String `tfsdk:"timeout"`
}

const directoryDescription = "How Active Directory is reached, and who asks: for `offlinejoin_domain_join` and " +
	"`offlinejoin_computer_account` alone. The domain is logged on to when the first of them needs it, once in a run. What is " +
	"left out comes from environment variables: `OFFLINEJOIN_AD_DOMAIN`, `OFFLINEJOIN_AD_USER` and so on; where all comes from " +
	"there, the attribute can be left out. It is never in the state. A saved plan holds the values of ordinary variables, also " +
	"of `sensitive` ones, so give `password` by an ephemeral value, or use `password_file`, `keytab` or `ccache`."

// directoryAttribute is active_directory.
func directoryAttribute() schema.SingleNestedAttribute {
	attributes := map[string]schema.Attribute{
		options.ADCurrentUser.String(): schema.BoolAttribute{MarkdownDescription: options.ADCurrentUser.Doc(), Optional: true},
		options.ADSimpleBind.String():  schema.BoolAttribute{MarkdownDescription: options.ADSimpleBind.Doc(), Optional: true},
	}
	for _, word := range []options.Name{
		options.ADDomain, options.ADController, options.ADSite, options.ADUser, options.ADPassword, options.ADPasswordFile, options.ADKeytab,
		options.ADCCache, options.ADSecurity, options.ADCAFile, options.ADTimeout,
	} {
		attribute := schema.StringAttribute{
			MarkdownDescription: word.Doc(), Optional: true, Sensitive: word.Secret(), Validators: textOf(word),
		}
		if allowed := word.Allowed(); allowed != nil {
			attribute.Validators = []validator.String{stringvalidator.OneOf(allowed...)}
		}
		attributes[word.String()] = attribute
	}
	return schema.SingleNestedAttribute{MarkdownDescription: directoryDescription, Optional: true, Attributes: attributes}
}

// unknown reports whether Terraform will know one of the words only when it applies.
func (m *directoryModel) unknown() bool {
	for _, word := range []interface{ IsUnknown() bool }{
		m.Domain, m.DC, m.Site, m.User, m.Password, m.PasswordFile, m.Keytab, m.CCache, m.CurrentUser, m.Security, m.SimpleBind,
		m.CAFile, m.Timeout,
	} {
		if word.IsUnknown() {
			return true
		}
	}
	return false
}

// words returns what the user wrote. The secret in it is the caller's to wipe.
func (m *directoryModel) words() options.DirectoryWords {
	words := options.DirectoryWords{
		Domain: m.Domain.ValueString(), DC: m.DC.ValueString(), Site: m.Site.ValueString(), User: m.User.ValueString(),
		PasswordFile: m.PasswordFile.ValueString(), Keytab: m.Keytab.ValueString(), CCache: m.CCache.ValueString(),
		CurrentUser: m.CurrentUser.ValueBool(), Security: m.Security.ValueString(), SimpleBind: m.SimpleBind.ValueBool(),
		CAFile: m.CAFile.ValueString(), Timeout: m.Timeout.ValueString(),
	}
	if password := m.Password.ValueString(); password != "" {
		words.Password = core.NewSecret([]byte(password))
	}
	return words
}

// readDirectory takes over active_directory. It is nil when it was not written.
func readDirectory(ctx context.Context, object types.Object, diags *diag.Diagnostics) *domain {
	if object.IsUnknown() {
		return &domain{unknown: true}
	}
	var model directoryModel
	if !object.IsNull() {
		diags.Append(object.As(ctx, &model, basetypes.ObjectAsOptions{})...)
	}
	if diags.HasError() || model.unknown() {
		return &domain{unknown: true}
	}
	words := model.words()
	if err := words.Check(); err != nil {
		diags.AddAttributeError(path.Root(options.ActiveDirectory.String()), "Directory not usable", err.Error())
	}
	return &domain{words: words}
}

// domain is the Active Directory of one run. All resources share one session, which is opened for the first that needs it.
type domain struct {
	words   options.DirectoryWords
	unknown bool // while planning: what to reach is known when Terraform applies
	open    func(core.DirectoryRequest) *core.Directory

	once      sync.Once
	directory *core.Directory
	name      string // DNS name of the domain
	warnings  []string
	err       error

	slots chan struct{} // one for each piece of work that may ask the domain at a time
}

// mostAsking is how many resources ask the domain at a time, so that a fleet does not flood its controllers. Terraform
// itself works on ten resources at a time.
const mostAsking = 4

// enter returns the session once there is a turn for it; the caller ends the turn by leave. Errors are those of
// options.DirectoryWords.Request, and the end of ctx.
func (d *domain) enter(ctx context.Context, diags *diag.Diagnostics) (directory *core.Directory, leave func(), err error) {
	d.once.Do(func() {
		d.slots = make(chan struct{}, mostAsking)
		if d.directory != nil {
			return
		}
		var req core.DirectoryRequest
		req, d.warnings, d.err = d.words.Request()
		if d.err != nil {
			return
		}
		d.name = req.Domain
		d.directory = d.open(req)
		for _, warning := range d.warnings {
			diags.AddAttributeWarning(path.Root(options.ActiveDirectory.String()), "File open to others", warning)
		}
	})
	if d.err != nil {
		return nil, nil, d.err
	}
	select {
	case d.slots <- struct{}{}:
		return d.directory, func() { <-d.slots }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// named returns the DNS name of the domain, "" when it is not known before it is reached.
func (d *domain) named() string {
	if d.words.Domain != "" {
		return d.words.Domain
	}
	return d.name
}

// account asks for an account. Without a domain to ask, as while its password is not known, asked is false.
func (r *run) account(ctx context.Context, q core.AccountQuery, diags *diag.Diagnostics) (facts *core.AccountFacts, asked bool, err error) {
	if r.domain.unknown {
		return nil, false, nil
	}
	directory, leave, err := r.domain.enter(ctx, diags)
	if err != nil {
		return nil, true, err
	}
	defer leave()
	facts, err = core.ReadAccount(ctx, directory, q)
	return facts, true, err
}
