package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

var (
	_ datasource.DataSource              = (*ledgerDataSource)(nil)
	_ datasource.DataSourceWithConfigure = (*ledgerDataSource)(nil)
)

// ledgerDataSource is what a ledger knows.
type ledgerDataSource struct{ run *run }

func newLedgerDataSource() datasource.DataSource { return &ledgerDataSource{run: newRun()} }

// entriesName is the attribute with the entries.
const entriesName = "entries"

func (d *ledgerDataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_ledger"
}

func (d *ledgerDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The uses in force that a ledger knows: which account was staged into which image, and when. " +
			"Nothing in a ledger is secret. A ledger that does not exist yet has no entries.",
		Attributes: map[string]schema.Attribute{
			options.LedgerFile.String(): schema.StringAttribute{
				MarkdownDescription: "The ledger to read. Default: the provider's `ledger_file`.",
				Optional:            true,
				Computed:            true,
				Validators:          textOf(options.LedgerFile),
			},
			options.LedgerURL.String(): schema.StringAttribute{
				MarkdownDescription: "The ledger to read when it is in a database. Default: the provider's `ledger`.",
				Optional:            true,
				Computed:            true,
				Validators:          append(textOf(options.LedgerURL), aLedger{}),
			},
			entriesName: schema.ListNestedAttribute{
				MarkdownDescription: "The uses, oldest first.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: computed(options.LedgerFacts())},
			},
		},
	}
}

func (d *ledgerDataSource) Configure(
	_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse,
) {
	if run := configured(req.ProviderData, &resp.Diagnostics); run != nil {
		d.run = run
	}
}

func (d *ledgerDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	at := path.Root(options.LedgerFile.String())
	var file, url types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, at, &file)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root(options.LedgerURL.String()), &url)...)
	if resp.Diagnostics.HasError() {
		return
	}
	from := d.run.singleUse()
	if file.ValueString() != "" || url.ValueString() != "" {
		from.LedgerFile, from.Ledger = file.ValueString(), url.ValueString()
	}
	if from.LedgerFile == "" && from.Ledger == "" {
		resp.Diagnostics.AddAttributeError(at, "No ledger", "Set ledger_file or ledger here or in the provider's configuration: "+
			"without it no ledger is kept.")
		return
	}
	entries, err := core.LedgerEntries(ctx, from)
	if err != nil {
		resp.Diagnostics.AddAttributeError(at, "Ledger not readable", err.Error())
		return
	}
	objects := []attr.Value{}
	for _, entry := range entries {
		object, problems := objectOf(options.LedgerFacts(), entry)
		resp.Diagnostics.Append(problems...)
		objects = append(objects, object)
	}
	list, problems := types.ListValue(types.ObjectType{AttrTypes: typesOf(options.LedgerFacts())}, objects)
	resp.Diagnostics.Append(problems...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, at, stringOrNull(from.LedgerFile))...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(options.LedgerURL.String()), stringOrNull(from.Ledger))...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(entriesName), list)...)
}
