package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// worded is a fact by the word for it.
type worded struct {
	word options.Word
	text string
}

// blobFacts are all the facts that a blob tells.
func blobFacts(blob core.BlobFacts) []worded {
	return []worded{
		{options.Fingerprint, blob.Fingerprint},
		{options.MachineName, blob.MachineName},
		{options.Domain, blob.Domain},
		{options.NetBIOSDomain, blob.NetBIOSName},
		{options.Forest, blob.Forest},
		{options.DomainSID, blob.DomainSID},
		{options.DomainGUID, blob.DomainGUID},
		{options.AccountSID, blob.AccountSID},
		{options.DomainController, blob.DC},
		{options.Site, blob.Site},
	}
}

// imageFacts are all the facts that an image tells.
func imageFacts(status core.Status) []worded {
	return []worded{
		{options.StatusWord, string(status.State)},
		{options.Fingerprint, status.Fingerprint},
		{options.MachineName, status.MachineName},
		{options.Domain, status.Domain},
		{options.MethodUsed, string(status.Method)},
		{options.StagedAt, status.StagedAt},
		{options.StagedBy, status.StagedBy},
		{options.CompletedAt, status.CompletedAt},
		{options.Result, resultOf(status)},
		{options.ResultText, status.ResultText},
		{options.Detail, status.Detail},
		{options.WindowsProduct, status.Image.ProductName},
		{options.WindowsEdition, status.Image.EditionID},
		{options.WindowsBuild, status.Image.Build},
		{options.Architecture, status.Image.Architecture},
		{options.ProductType, status.Image.ProductType},
		{options.ImageState, status.Image.ImageState},
		{options.ComputerName, status.Image.ComputerName},
		{options.MachineSID, status.Image.MachineSID},
	}
}

// what says what a fact of a blob is, where the word's own documentation is about an option.
func what(word options.Word) string {
	switch word {
	case options.MachineName:
		return "The computer name that the join is for."
	case options.Domain:
		return "The DNS name of the domain that the join is for."
	case options.ID:
		return "What the ledger calls this use."
	case options.WindowsPath:
		return "The Windows directory of the image, as it was given when the join was staged."
	case options.ReuseReason:
		return "Why the account was used again."
	default:
		return word.Doc()
	}
}

// factAttributes are the attributes of a data source: what it must be told, what it may be told, and what it tells.
func factAttributes(required, optional options.Word, facts []worded) map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		required.Name(): schema.StringAttribute{
			MarkdownDescription: required.Doc(), Required: true, Validators: textOf(required),
		},
	}
	if optional != "" {
		attributes[optional.Name()] = schema.StringAttribute{
			MarkdownDescription: optional.Doc(), Optional: true, Validators: textOf(optional),
		}
	}
	for _, fact := range facts {
		attributes[fact.word.Name()] = schema.StringAttribute{MarkdownDescription: what(fact.word), Computed: true}
	}
	return attributes
}

// objectOf makes an object of facts, for what a function returns.
func objectOf(facts []worded) (types.Object, diag.Diagnostics) {
	values := map[string]attr.Value{}
	for _, fact := range facts {
		values[fact.word.Name()] = stringOrNull(fact.text)
	}
	return types.ObjectValue(typesOf(facts), values)
}

func typesOf(facts []worded) map[string]attr.Type {
	kinds := map[string]attr.Type{}
	for _, fact := range facts {
		kinds[fact.word.Name()] = types.StringType
	}
	return kinds
}

// setter is a state that takes one attribute after the other.
type setter interface {
	SetAttribute(ctx context.Context, at path.Path, value any) diag.Diagnostics
}

func setFacts(ctx context.Context, to setter, facts []worded, diags *diag.Diagnostics) {
	for _, fact := range facts {
		diags.Append(to.SetAttribute(ctx, path.Root(fact.word.Name()), stringOrNull(fact.text))...)
	}
}
