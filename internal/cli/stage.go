package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

func (a *app) stage() *cobra.Command {
	var (
		req    = offlinejoin.Request{StagedBy: "offlinejoin/" + version.String()}
		from   blobSource
		dryRun bool
		report string
	)
	cmd := &cobra.Command{
		Use:   "stage",
		Short: "Stage a join into an image, to be completed at its first boot",
		Long: `Stage a join into an image, to be completed at its first boot.

Everything is checked before anything is written; what was written is read back. The same join staged again changes
nothing. --machine-name and --domain are what Terraform calls machine_name and domain, and Packer expect { … }.`,
		Example: `  offlinejoin stage --windows-path /mnt/web01/Windows --blob-file web01.djoin --machine-name WEB01 --dry-run
  pass show web01 | offlinejoin stage --windows-path /mnt/web01/Windows --blob-file -`,
		Args: cobra.NoArgs,
		RunE: a.begin(func(ctx context.Context, _ []string) error {
			if _, err := options.ReuseOf(string(req.Reuse), req.ReuseReason); err != nil {
				return err
			}
			if err := options.CheckReport(report); err != nil {
				return err
			}
			blob, name, err := a.readBlob(from)
			if err != nil {
				return err
			}
			defer clear(blob)
			req.Blob, req.BlobName = blob, name
			return a.carryOut(ctx, req, dryRun, report)
		}),
	}
	word(cmd, options.WindowsPath, "PATH", into(&req.WindowsPath))
	required(cmd, options.BlobFile, "FILE", into(&from.file))
	cmd.Flags().Lookup(options.BlobFile.Flag()).Usage += " A dash means standard input."
	identityFlag(cmd, &from)
	word(cmd, options.MachineName, "NAME", into(&req.Expect.MachineName))
	word(cmd, options.Domain, "NAME", into(&req.Expect.Domain))
	word(cmd, options.MethodWord, "WORD", func(s string) (err error) {
		req.Method, err = options.Method(s)
		return err
	})
	word(cmd, options.Existing, "WORD", func(s string) (err error) {
		req.OnExisting, err = options.OnExisting(s)
		return err
	})
	useFlags(cmd, &req)
	word(cmd, options.CompletionProgram, "FILE", into(&req.CompletionProgram))
	word(cmd, options.Backup, "FOLDER", into(&req.Backup))
	word(cmd, options.ReportFile, "FILE", into(&report))
	cmd.Flags().BoolVar(&req.Online, options.Online.Flag(), false, doc(options.Online))
	cmd.Flags().BoolVar(&dryRun, options.DryRun.Flag(), false, "make every check, show every change and write nothing")
	return cmd
}

// useFlags are the flags about what an image and an account may be used for.
func useFlags(cmd *cobra.Command, req *offlinejoin.Request) {
	word(cmd, options.LedgerFile, "FILE", into(&req.LedgerFile))
	word(cmd, options.Reuse, "WORD", func(s string) error {
		req.Reuse = offlinejoin.Reuse(s)
		return nil
	})
	word(cmd, options.ReuseReason, "TEXT", into(&req.ReuseReason))
	word(cmd, options.LockTimeout, "DURATION", func(s string) (err error) {
		req.LockTimeout, err = options.Wait(s)
		return err
	})
}

// carryOut plans or stages, and shows what it came to.
func (a *app) carryOut(ctx context.Context, req offlinejoin.Request, dryRun bool, report string) error {
	carry := offlinejoin.Stage
	req.Progress = a.progress()
	if dryRun {
		carry = offlinejoin.Plan
		req.Progress = a.warnings()
	}
	receipt, err := carry(ctx, req)
	if err != nil {
		return err
	}
	if err := options.WriteReport(report, receipt); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(receipt)
	}
	a.showReceipt(receipt)
	return nil
}
