package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

type openedDocument struct {
	SchemaVersion int    `json:"schema_version"`
	Source        string `json:"source"`
	File          string `json:"file"`
}

func (a *app) blobDecrypt() *cobra.Command {
	var (
		from   blobSource
		output string
	)
	cmd := &cobra.Command{
		Use:   "decrypt FILE",
		Short: "Decrypt an encrypted blob file into a file that only you can read; - is standard input",
		Long: `Decrypt an encrypted blob file into a file that only you can read.

Staging needs no decrypted file: it reads the encrypted one. What is there already is never overwritten, and the blob
goes to standard output only when --output - asks for it.`,
		Example: `  offlinejoin blob decrypt web01.djoin.age --identity-file stager.key --output web01.djoin`,
		Args:    cobra.ExactArgs(1),
		RunE: a.begin(func(_ context.Context, args []string) error {
			from.file = args[0]
			if err := free(output); err != nil {
				return err
			}
			blob, err := a.readSealedBlob(from)
			if err != nil {
				return err
			}
			defer clear(blob)
			if err := a.writeOutput(output, blob); err != nil || output == standardFile {
				return err
			}
			if a.json {
				return a.printJSON(openedDocument{schemaVersion, from.file, output})
			}
			fmt.Fprintf(a.Out, "%s → %s. It holds a machine password: delete it after use.\n", from.file, output)
			return nil
		}),
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this new `FILE`; a dash means standard output")
	if err := cmd.MarkFlagRequired("output"); err != nil {
		panic(err) // the flag was added one line above
	}
	identityFlag(cmd, &from)
	return cmd
}

func (a *app) readSealedBlob(from blobSource) (blob []byte, err error) {
	var warning string
	if from.file == standardFile {
		blob, warning, err = options.ReadSealedBlob(a.In, standardInput, from.identityFile)
	} else {
		blob, warning, err = options.ReadSealedBlobFile(from.file, from.identityFile)
	}
	a.warnIf(warning)
	return blob, err
}
