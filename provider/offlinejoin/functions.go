package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// aboutSecrets is for the documentation of every function that takes a blob.
const aboutSecrets = "\n\nThe blob holds a machine password. Terraform marks the result as the argument is marked: of an " +
	"`ephemeral` value it is ephemeral and can go nowhere into plan or state, of a `sensitive` one it is sensitive, which " +
	"hides it from the screen only. So give it an ephemeral value, such as `ephemeral.offlinejoin_blob.web01.blob`."

// blobFunction is a function of one blob. Its result depends on nothing else, as Terraform wants of functions.
type blobFunction struct {
	name       string
	definition function.Definition
	result     func(ctx context.Context, blob *core.Blob) (any, *function.FuncError)
}

var _ function.Function = (*blobFunction)(nil)

func (f *blobFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = f.name
}

func (f *blobFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = f.definition
}

func (f *blobFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	blob, failure := parseArgument(text)
	if failure != nil {
		resp.Error = failure
		return
	}
	defer blob.Wipe()
	result, failure := f.result(givenBlob{Blob: blob}.masked(ctx), blob)
	if failure != nil {
		resp.Error = failure
		return
	}
	resp.Error = resp.Result.Set(ctx, result)
}

// blobParameter is the only parameter of these functions.
func blobParameter() function.Parameter {
	return function.StringParameter{
		Name: options.Blob.String(),
		MarkdownDescription: "The provisioning blob as text: base64 as Samba and `djoin /printblob` write it, or what " +
			"`filebase64(\"web01.djoin\")` gives, or `base64encode` of one of these. Terraform's `file()` cannot read a file of " +
			"`djoin /savefile`, which is UTF-16. Blanks and line breaks do not matter.",
	}
}

func newFingerprintFunction() function.Function {
	return &blobFunction{
		name: "fingerprint",
		definition: function.Definition{
			Summary:             "The fingerprint of a provisioning blob",
			MarkdownDescription: options.Fingerprint.Doc() + aboutSecrets,
			Parameters:          []function.Parameter{blobParameter()},
			Return:              function.StringReturn{},
		},
		result: func(_ context.Context, blob *core.Blob) (any, *function.FuncError) {
			return blob.Facts().Fingerprint, nil
		},
	}
}

func newInspectBlobFunction() function.Function {
	return &blobFunction{
		name: "inspect_blob",
		definition: function.Definition{
			Summary: "What a provisioning blob is for",
			MarkdownDescription: "An object that tells what the blob is for, without its secrets: which machine, domain and " +
				"account. What the blob does not say is null." + aboutSecrets,
			Parameters: []function.Parameter{blobParameter()},
			Return:     function.ObjectReturn{AttributeTypes: typesOf(options.BlobFacts())},
		},
		result: func(ctx context.Context, blob *core.Blob) (any, *function.FuncError) {
			object, problems := objectOf(options.BlobFacts(), blob.Facts())
			return object, function.FuncErrorFromDiags(ctx, problems)
		},
	}
}

func newAccountDataFunction() function.Function {
	return &blobFunction{
		name: "account_data",
		definition: function.Definition{
			Summary: "A provisioning blob as an answer file wants it",
			MarkdownDescription: "The blob as the one line of base64 that `AccountData` of an answer file takes (documented): " +
				"no byte order mark, blanks or line breaks, whatever form the argument has. **The result is the secret " +
				"itself.**" + aboutSecrets,
			Parameters: []function.Parameter{blobParameter()},
			Return:     function.StringReturn{},
		},
		result: func(_ context.Context, blob *core.Blob) (any, *function.FuncError) { return blob.Text(), nil },
	}
}

// parseArgument parses the blob that is a function's first argument. The caller wipes it.
func parseArgument(text string) (*core.Blob, *function.FuncError) {
	blob, err := core.ReadBlob([]byte(text), "the blob")
	if err != nil {
		return nil, function.NewArgumentFuncError(0, err.Error()+howToRead)
	}
	return blob, nil
}
