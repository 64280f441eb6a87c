package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// computerAccountDataSource reads an account, and writes nothing.
type computerAccountDataSource struct{ run *run }

var _ datasource.DataSourceWithConfigure = (*computerAccountDataSource)(nil)

func newComputerAccountDataSource() datasource.DataSource {
	return &computerAccountDataSource{run: newRun()}
}

func (d *computerAccountDataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_computer_account"
}

func (d *computerAccountDataSource) Configure(
	_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse,
) {
	if run := configured(req.ProviderData, &resp.Diagnostics); run != nil {
		d.run = run
	}
}

func (d *computerAccountDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse,
) {
	attributes := computed(options.AccountFacts())
	for _, word := range []struct{ name, doc string }{
		{options.MachineName.String(), "The computer name of the account, such as `WEB01`. Give this or `object_guid`."},
		{objectGUIDFact.String(), "The objectGUID of the account, which stays when it is moved or renamed. Give this or `machine_name`."},
	} {
		attributes[word.name] = schema.StringAttribute{MarkdownDescription: word.doc, Optional: true, Computed: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What Active Directory has of a computer account. Nothing is written: there is no data source and no ephemeral " +
			"resource that makes accounts or blobs, because Terraform opens those at every plan and every apply, and each time would " +
			"give the account another password. An account that does not exist is no error: its `account_status` is `gone`.",
		Attributes: attributes,
	}
}

func (d *computerAccountDataSource) Read(
	ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse,
) {
	diags := &resp.Diagnostics
	var name, guid types.String
	diags.Append(req.Config.GetAttribute(ctx, path.Root(options.MachineName.String()), &name)...)
	diags.Append(req.Config.GetAttribute(ctx, path.Root(objectGUIDFact.String()), &guid)...)
	if diags.HasError() {
		return
	}
	query := core.AccountQuery{MachineName: name.ValueString(), ObjectGUID: guid.ValueString()}
	facts, asked, err := d.run.account(ctx, query, diags)
	switch {
	case err != nil:
		blame(ctx, path.Root(options.MachineName.String()), "Account not readable", err, diags)
		return
	case !asked:
		diags.AddError("Domain not known", "active_directory is not known while this data source is read: it must not depend on what "+
			"is only known after apply.")
		return
	}
	setFacts(ctx, &resp.State, options.AccountFacts(), *facts, diags)
	if !name.IsNull() { // as it was written
		diags.Append(resp.State.SetAttribute(ctx, path.Root(options.MachineName.String()), name)...)
	}
	if !guid.IsNull() {
		diags.Append(resp.State.SetAttribute(ctx, path.Root(objectGUIDFact.String()), guid)...)
	}
}
