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
		words  options.JoinWords
		online bool
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
			req, err := words.Request()
			if err != nil {
				return err
			}
			if err := options.CheckReport(report); err != nil {
				return err
			}
			if req.Blob, err = a.openBlob(from); err != nil {
				return err
			}
			defer req.Blob.Wipe()
			req.StagedBy, req.Online = "offlinejoin/"+version.String(), online
			return a.carryOut(ctx, req, dryRun, report)
		}),
	}
	word(cmd, options.WindowsPath, "PATH", into(&words.WindowsPath))
	required(cmd, options.BlobFile, "FILE", into(&from.file))
	cmd.Flags().Lookup(options.BlobFile.Flag()).Usage += " A dash means standard input."
	identityFlag(cmd, &from)
	word(cmd, options.MachineName, "NAME", into(&words.MachineName))
	word(cmd, options.Domain, "NAME", into(&words.Domain))
	word(cmd, options.MethodWord, "WORD", func(s string) error {
		words.Method = s
		_, err := options.Method(s)
		return err
	})
	word(cmd, options.Existing, "WORD", func(s string) error {
		words.OnExisting = s
		_, err := options.OnExisting(s)
		return err
	})
	useFlags(cmd, &words)
	word(cmd, options.CompletionProgram, "FILE", into(&words.CompletionProgram))
	word(cmd, options.Backup, "FOLDER", into(&words.Backup))
	word(cmd, options.ReportFile, "FILE", into(&report))
	cmd.Flags().BoolVar(&online, options.Online.Flag(), false, doc(options.Online))
	cmd.Flags().BoolVar(&dryRun, options.DryRun.Flag(), false, "make every check, show every change and write nothing")
	return cmd
}

// useFlags are the flags about what an image and an account may be used for.
func useFlags(cmd *cobra.Command, words *options.JoinWords) {
	word(cmd, options.LedgerFile, "FILE", into(&words.LedgerFile))
	word(cmd, options.Reuse, "WORD", into(&words.Reuse))
	word(cmd, options.ReuseReason, "TEXT", into(&words.ReuseReason))
	word(cmd, options.LockTimeout, "DURATION", func(s string) error {
		words.LockTimeout = s
		_, err := options.ParseLockTimeout(s)
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
