package offlinejoin

import (
	"bytes"

	"github.com/offlinejoin/offlinejoin/internal/answerfile"
)

// MaxAnswerFile is the greatest size of an answer file in bytes that is taken as a template.
const MaxAnswerFile = answerfile.MaxSize

// AnswerFileRequest asks for the text of an answer file, for images that cannot be reached as files: whoever makes the
// machine hands the text to Windows Setup.
type AnswerFileRequest struct {
	Blob         *Blob  // as in Request
	Expect       Expect // as in Request
	Architecture string // of the Windows: amd64, arm64 or x86

	Template []byte // the answer file to merge the join into; empty: a minimal one is made
	Replace  bool   // another join or computer name in the template gives way
}

// AnswerFile returns the whole text of an answer file that joins the machine in Setup's pass specialize. The text is
// secret; the caller wipes it. Warnings hold no secret.
func AnswerFile(req AnswerFileRequest) (text []byte, warnings []string, err error) {
	if err := named(req.Blob.name, req.Blob.Check(req.Expect)); err != nil {
		return nil, nil, err
	}
	data := []byte(req.Blob.Text())
	defer clear(data)
	edit, err := answerfile.Plan(req.Template, answerfile.Join{
		AccountData: data, MachineName: req.Blob.parsed.MachineName(), Architecture: req.Architecture,
	}, answerfile.Options{Replace: req.Replace, Name: "the template"})
	if err != nil {
		return nil, nil, err
	}
	if edit.Unchanged() {
		return bytes.Clone(req.Template), edit.Warnings, nil
	}
	return edit.Content, edit.Warnings, nil
}
