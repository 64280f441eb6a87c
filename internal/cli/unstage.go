package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

func (a *app) unstage() *cobra.Command {
	var req offlinejoin.UnstageRequest
	cmd := &cobra.Command{
		Use:   "unstage",
		Short: "Take a staged join back, leaving no byte of the blob in the image",
		Args:  cobra.NoArgs,
		RunE: a.begin(func(ctx context.Context, _ []string) error {
			req.Progress = a.progress()
			receipt, err := offlinejoin.Unstage(ctx, req)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(receipt)
			}
			a.showReceipt(receipt)
			return nil
		}),
	}
	required(cmd, options.WindowsPath, "PATH", into(&req.WindowsPath))
	return cmd
}
