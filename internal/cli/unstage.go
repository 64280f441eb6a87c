package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

func (a *app) unstage() *cobra.Command {
	c := &fleetCommand{app: a, action: fleet.Unstage}
	req := offlinejoin.UnstageRequest{StagedBy: "offlinejoin/" + version.String()}
	cmd := &cobra.Command{
		Use:   "unstage {--windows-path PATH | FILE|FOLDER}",
		Short: "Take staged joins back, leaving no byte of the blobs in the images",
		Long: `Take staged joins back, leaving no byte of the blobs in the images.

Name one image by --windows-path, or give a join file (*.join.hcl, or a folder of them) for all of its images; then it
is asked first, unless --yes is given. With --windows-path, --ledger-file names the ledger that is told of it; join files
name their own.`,
		Example: `  offlinejoin unstage --windows-path /mnt/web01/Windows
  offlinejoin unstage fleet.join.hcl --yes`,
		Args: imageOrJoinFile(&req.Image.WindowsPath),
		RunE: a.beginMany(func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return c.unstageOf(ctx, args[0])
			}
			ctx, stop := a.untilInterrupted(ctx)
			defer stop()
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
	word(cmd, options.WindowsPath, "PATH", into(&req.Image.WindowsPath))
	word(cmd, options.LedgerFile, "FILE", into(&req.SingleUse.LedgerFile))
	word(cmd, options.LockTimeout, "DURATION", func(s string) (err error) {
		req.Image.LockTimeout, err = options.ParseLockTimeout(s)
		return err
	})
	c.addFlags(cmd)
	c.addYes(cmd)
	return cmd
}
