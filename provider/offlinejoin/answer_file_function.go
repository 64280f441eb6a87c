package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/function"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

var _ function.Function = (*answerFileFunction)(nil)

// answerFileFunction is a whole answer file, for machines whose disk cannot be reached.
type answerFileFunction struct{}

func newAnswerFileFunction() function.Function { return &answerFileFunction{} }

func (f *answerFileFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "answer_file"
}

func (f *answerFileFunction) Definition(
	_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse,
) {
	resp.Definition = function.Definition{
		Summary: "An answer file that joins the machine while Windows Setup runs",
		MarkdownDescription: "The text of a whole answer file (`unattend.xml`) that joins the machine offline in Setup's pass " +
			"specialize (documented): for platforms where the disk cannot be reached after the upload, but an answer file can " +
			"be handed in. The image must be generalized. **The result holds the secret.**" + aboutSecrets,
		Parameters: []function.Parameter{
			blobParameter(),
			function.StringParameter{
				Name:                "architecture",
				MarkdownDescription: "The architecture of the Windows: `amd64`, `arm64` or `x86`.",
				Validators: []function.StringParameterValidator{
					stringvalidator.OneOf("amd64", "arm64", "x86"),
				},
			},
		},
		VariadicParameter: function.StringParameter{
			Name: "template",
			MarkdownDescription: "Your own answer file, as text, to merge the join into; left out, a minimal one is made. One that " +
				"asks for another join or computer name is refused, unless a further argument is `\"replace\"` (as `on_existing` of " +
				"the resource).",
		},
		Return: function.StringReturn{},
	}
}

func (f *answerFileFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var blob, architecture string
	var templates []string
	if resp.Error = req.Arguments.Get(ctx, &blob, &architecture, &templates); resp.Error != nil {
		return
	}
	answer := core.AnswerFileRequest{Architecture: architecture}
	if resp.Error = takeTemplate(&answer, templates); resp.Error != nil {
		return
	}
	parsed, failure := parseArgument(blob)
	if failure != nil {
		resp.Error = failure
		return
	}
	defer parsed.Wipe()
	answer.Blob = parsed
	text, _, err := core.AnswerFile(answer)
	if err != nil {
		resp.Error = function.NewFuncError(err.Error())
		return
	}
	defer clear(text)
	resp.Error = resp.Result.Set(givenBlob{Blob: parsed}.masked(ctx), string(text))
}

// onExistingArgument is the position of the word after the template.
const onExistingArgument = 3

// takeTemplate takes the arguments that may be left out: the template, and what happens to another join in it.
func takeTemplate(answer *core.AnswerFileRequest, rest []string) *function.FuncError {
	if len(rest) == 0 {
		return nil
	}
	answer.Template = []byte(rest[0])
	if len(rest) == 1 {
		return nil
	}
	if len(rest) > 2 {
		return function.NewArgumentFuncError(onExistingArgument+1, "there is one template only, and one word after it: merge them before")
	}
	switch rest[1] {
	case string(core.OnExistingReplace):
		answer.Replace = true
	case string(core.OnExistingFail):
	default:
		return function.NewArgumentFuncError(onExistingArgument, `the word after the template is "fail" or "replace", as on_existing of `+
			`the resource; templates are not merged with each other`)
	}
	return nil
}
