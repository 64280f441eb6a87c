package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/odj"
)

func (a *app) inspect() *cobra.Command {
	return group("inspect", "Tell what a blob or an image is; writes nothing", a.inspectBlob(), a.inspectImage())
}

func (a *app) inspectBlob() *cobra.Command {
	var from blobSource
	cmd := &cobra.Command{
		Use:   "blob FILE",
		Short: "Tell what a blob is for, without its secrets; - is standard input",
		Args:  cobra.ExactArgs(1),
		RunE: a.begin(func(_ context.Context, args []string) error {
			from.file = args[0]
			data, name, err := a.readBlob(from)
			if err != nil {
				return err
			}
			defer clear(data)
			blob, err := odj.Parse(data)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			defer blob.Wipe()
			facts := blob.Facts()
			if a.json {
				return a.printJSON(facts)
			}
			a.showBlob(facts, time.Now())
			return nil
		}),
	}
	identityFlag(cmd, &from)
	return cmd
}
