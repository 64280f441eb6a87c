package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

func (a *app) inspect() *cobra.Command {
	return group("inspect", "Tell what a blob or an image is; writes nothing", a.inspectBlob())
}

type blobDocument struct {
	SchemaVersion int `json:"schema_version"`
	offlinejoin.BlobFacts
}

func (a *app) inspectBlob() *cobra.Command {
	return &cobra.Command{
		Use:   "blob FILE",
		Short: "Tell what a blob is for, without its secrets; - is standard input",
		Args:  cobra.ExactArgs(1),
		RunE: a.begin(func(_ context.Context, args []string) error {
			blob, name, err := a.readBlob(args[0])
			if err != nil {
				return err
			}
			defer clear(blob)
			facts, err := offlinejoin.InspectBlob(blob, name)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(blobDocument{schemaVersion, facts})
			}
			a.showBlob(facts)
			return nil
		}),
	}
}

func (a *app) showBlob(f offlinejoin.BlobFacts) {
	fmt.Fprintf(a.Out, "Joins %s\n", join(f.MachineName, f.Domain))
	showFacts(a.Out,
		fact{"NetBIOS domain", f.NetBIOSName},
		fact{"Domain SID", f.DomainSID},
		fact{"Domain GUID", f.DomainGUID},
		fact{"Made by DC", f.DC},
		fact{"Site", f.Site},
		fact{"Fingerprint", f.Fingerprint},
		fact{"Secret", "the machine's password is inside, in clear text: keep the file as safe as one"},
	)
}
