package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/term"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

func (a *app) unstage() *cobra.Command {
	c := &fleetCommand{app: a, action: fleet.Unstage}
	var place options.PlaceWords
	var lockTimeout, accountEnd, file, url string
	req := offlinejoin.UnstageRequest{StagedBy: "offlinejoin/" + version.String()}
	cmd := &cobra.Command{
		Use:   "unstage {--windows-path PATH | --image-path FILE | JOIN-FILE|FOLDER}",
		Short: "Take staged joins back, leaving no byte of the blobs in the images",
		Long: `Take staged joins back, leaving no byte of the blobs in the images.

Name one image by --windows-path or --image-path, or give a join file (*.join.hcl, or a folder of them) for all of its
images; then it is asked first, unless --yes is given. For one image, --ledger-file or --ledger names the ledger that is
told of it; join files name their own. An account that a join has made is kept, unless --account says otherwise; it is
ended after the image.`,
		Example: `  offlinejoin unstage --windows-path /mnt/web01/Windows
  offlinejoin unstage fleet.join.hcl --yes`,
		Args: imageOrJoinFile(&place, options.LedgerFile.Flag(), options.LedgerURL.Flag(), options.LockTimeout.Flag()),
		RunE: a.beginMany(func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return c.unstageOf(ctx, args[0])
			}
			if accountEnd != "" {
				return misuse("--account is for join files, which say how the domain is reached: use " +
					"offlinejoin account disable or delete for one image")
			}
			a.flags = true
			ctx, stop := a.untilInterrupted(ctx)
			defer stop()
			place = place.NamedByEnvironment()
			image, err := place.Image()
			if err != nil {
				return err
			}
			if req.SingleUse, err = options.LedgerOf(file, url); err != nil {
				return err
			}
			if image.LockTimeout, err = options.ParseLockTimeout(lockTimeout); err != nil {
				return err
			}
			req.Image = image
			req.Progress = a.progress()
			words := options.JoinWords{PlaceWords: place, LedgerFile: file}
			if err := options.CheckPaths(words.Used()...); err != nil {
				return err
			}
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
	placeFlags(cmd, &place)
	ledgerFlags(cmd, &file, &url)
	optionFlag(cmd, options.LockTimeout, "DURATION", func(s string) (err error) {
		lockTimeout = s
		_, err = options.ParseLockTimeout(s)
		return err
	})
	cmd.Flags().Var(&checkedFlag{kind: "WORD", set: func(s string) error {
		accountEnd, c.accountEnd = s, offlinejoin.AccountEnd(s)
		return options.CheckWord(options.AccountOnDestroy, s)
	}}, "account", "for a join file: what becomes of the accounts that its joins were made with and no machine has logged on with: "+
		"keep (default), disable or delete")
	c.addFlags(cmd)
	c.addYes(cmd)
	return cmd
}

// unstageOf takes the joins of a join file back.
func (c *fleetCommand) unstageOf(ctx context.Context, path string) error {
	defer c.domains.Close()
	joins, err := c.load(ctx, path)
	if err != nil {
		return err
	}
	if !c.yes {
		if err := c.askToUnstage(ctx, joins); err != nil {
			return err
		}
	}
	r := c.run(ctx, fleet.Unstage, joins)
	c.showResults(r)
	return c.finish(r)
}

// askToUnstage shows what the images hold before it asks.
func (c *fleetCommand) askToUnstage(ctx context.Context, joins []joinfile.Join) error {
	if err := c.canAsk(); err != nil {
		return err
	}
	now := c.run(ctx, fleet.Status, joins)
	c.showResults(now)
	ours := 0
	for _, one := range now.Joins {
		if one.Status != nil && isOurs(one.Status.State) {
			ours++
		}
	}
	fmt.Fprintln(c.Out)
	return c.ask(ctx, fmt.Sprintf("Take back %s?", term.Count(ours, "join", "joins")))
}

// isOurs reports whether an image holds a record of ours, which unstaging removes.
func isOurs(s offlinejoin.State) bool {
	return s == offlinejoin.StateStaged || s == offlinejoin.StateCompleted || s == offlinejoin.StateFailed
}
