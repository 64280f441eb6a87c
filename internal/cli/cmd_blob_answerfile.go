package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// answerFileArgs are what `blob answer-file` was given.
type answerFileArgs struct {
	from         blobSource
	architecture string
	template     string
	output       string
	expect       offlinejoin.Expect
	existing     string
}

type answerFileDocument struct {
	SchemaVersion int                   `json:"schema_version"`
	File          string                `json:"file"`
	Blob          offlinejoin.BlobFacts `json:"blob"`
	Warnings      []string              `json:"warnings,omitempty"`
}

func (a *app) blobAnswerFile() *cobra.Command {
	var given answerFileArgs
	cmd := &cobra.Command{
		Use:   "answer-file FILE",
		Short: "Write the answer file that joins a machine whose disk cannot be reached; - is standard input",
		Long: `Write the answer file that joins a machine whose disk cannot be reached.

The text is a whole unattend.xml with the blob of FILE in it, for a generalized Windows: put it on the sysprep CD of
KubeVirt, Nutanix or Harvester, into a Secret, or on a config drive. With --template-file it is your own answer file,
with the join merged into it and nothing else changed. IT HOLDS A MACHINE PASSWORD: it is written into a new file that
only you can read, and to standard output only when --output - asks for it.`,
		Example: `  offlinejoin blob answer-file web01.djoin --output unattend.xml
  offlinejoin blob answer-file web01.djoin --template-file site.xml --output - | kubectl create secret generic web01-sysprep \
    --from-file=unattend.xml=/dev/stdin`,
		Args: cobra.ExactArgs(1),
		RunE: a.begin(func(_ context.Context, args []string) error {
			given.from.file = args[0]
			return a.writeAnswerFile(given)
		}),
	}
	flags := cmd.Flags()
	flags.StringVarP(&given.output, "output", "o", "", "write to this new `FILE`; a dash means standard output")
	flags.StringVar(&given.template, options.TemplateFile.Flag(), "", "merge the join into the answer file at this `PATH`")
	given.architecture = architectures[0]
	flags.Var(&checkedFlag{kind: "ARCHITECTURE", shown: given.architecture, set: func(s string) error {
		if given.architecture = strings.ToLower(s); !slices.Contains(architectures, given.architecture) {
			return errors.New("write " + strings.Join(architectures, ", "))
		}
		return nil
	}}, "architecture", "of the Windows: amd64, arm64 or x86")
	if err := cmd.MarkFlagRequired("output"); err != nil {
		panic(err) // the flag was added some lines above
	}
	identityFlag(cmd, &given.from)
	optionFlag(cmd, options.MachineName, "NAME", setString(&given.expect.MachineName))
	optionFlag(cmd, options.Domain, "NAME", setString(&given.expect.Domain))
	optionFlag(cmd, options.OnExistingName, "WHAT", func(s string) error {
		given.existing = s
		_, err := options.OnExisting(s)
		return err
	})
	return cmd
}

// architectures are those that answer files have, the default first.
var architectures = []string{"amd64", "arm64", "x86"}

func (a *app) writeAnswerFile(given answerFileArgs) error {
	if err := free(given.output); err != nil {
		return err
	}
	existing, err := options.OnExisting(given.existing)
	if err != nil {
		return err
	}
	if existing == offlinejoin.OnExistingKeep {
		return misuse("--on-existing keep is for images, where it leaves another join alone: the template of an answer file can only " +
			"be refused (fail) or changed (replace)")
	}
	req := offlinejoin.AnswerFileRequest{
		Expect: given.expect, Architecture: strings.ToLower(given.architecture), Replace: existing == offlinejoin.OnExistingReplace,
	}
	if given.template != "" {
		if req.Template, err = options.ReadAnswerFile(given.template); err != nil {
			return err
		}
		defer clear(req.Template)
	}
	if req.Blob, err = a.openBlob(given.from); err != nil {
		return err
	}
	defer req.Blob.Wipe()
	text, warnings, err := offlinejoin.AnswerFile(req)
	if err != nil {
		return err
	}
	defer clear(text)
	for _, w := range warnings {
		a.warn(w)
	}
	if err := a.writeOutput(given.output, text); err != nil || given.output == standardFile {
		return err
	}
	facts, file := req.Blob.Facts(), plaintext.Line(given.output, 0)
	if a.json {
		return a.printJSON(answerFileDocument{schemaVersion, file, facts, warnings})
	}
	fmt.Fprintf(a.Out, "%s joins %s to %s in Setup's pass specialize. It holds a machine password: delete it after use.\n", file,
		facts.MachineName, facts.Domain)
	return nil
}
