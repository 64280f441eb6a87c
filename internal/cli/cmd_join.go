package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

// joinDocument is the plan of a join of both sides.
type joinDocument struct {
	*offlinejoin.Receipt
	Plan *offlinejoin.AccountPlan `json:"account_plan"`
}

func (a *app) join() *cobra.Command {
	var (
		words   options.JoinWords
		account options.AccountWords
		domain  options.DirectoryWords
		online  bool
		dryRun  bool
		report  string
	)
	cmd := &cobra.Command{
		Use:   "join",
		Short: "Make a computer account and stage its join into an image, in one",
		Long: `Make a computer account and stage its join into an image, in one.

The account's password is in memory and in the image, nowhere else: there is no blob file. Every check of both sides is
made before the first write, so that a wrong name, OU, image or right leaves nothing in the directory; when something
fails after that, what was written is taken back. The same command again changes nothing, and finishes what was broken
off. A machine that has booted is never touched.

Who asks the domain is said by --ad-user with --ad-password-file or --ad-keytab, by --ad-ccache, by the environment
variables that the flags name, by KRB5CCNAME after kinit, or, on Windows, by who is logged on. There is no flag for a
password.`,
		Example: `  offlinejoin join --machine-name WEB01 --domain corp.example.com --account-ou OU=Web,DC=corp,DC=example,DC=com \
    --ad-user svc-build --ad-keytab build.keytab --image-path golden.qcow2 --overlay-path web01.qcow2
  kinit svc-build && offlinejoin join --machine-name WEB01 --domain corp.example.com \
    --windows-path /mnt/web01/Windows --dry-run`,
		Args: oneImage(&words, &online),
		RunE: a.begin(func(ctx context.Context, _ []string) error {
			words.PlaceWords = words.NamedByEnvironment()
			req, err := words.Request()
			if err != nil {
				return err
			}
			acc, err := account.Request()
			if err != nil {
				return err
			}
			paths := append(words.Used(), options.Used{Option: options.ReportFile, Path: report})
			if err := options.CheckPaths(append(paths, domain.Used()...)...); err != nil {
				return err
			}
			if err := options.CheckReport(report); err != nil {
				return err
			}
			d, end, err := a.directory(domain)
			if err != nil {
				return err
			}
			defer end()
			req.StagedBy, req.Online = "offlinejoin/"+version.String(), online
			acc.StagedBy = req.StagedBy
			if dryRun {
				return a.planJoin(ctx, d, acc, req, report)
			}
			return a.makeJoin(ctx, d, acc, req, report)
		}),
	}
	accountFlags(cmd, &account)
	directoryFlags(cmd, &domain)
	placeFlags(cmd, &words.PlaceWords)
	methodFlags(cmd, &words)
	useFlags(cmd, &words)
	optionFlag(cmd, options.CompletionProgram, "FILE", setString(&words.CompletionProgram))
	optionFlag(cmd, options.Backup, "FOLDER", setString(&words.Backup))
	optionFlag(cmd, options.ReportFile, "FILE", setString(&report))
	cmd.Flags().BoolVar(&online, options.Online.Flag(), false, doc(options.Online))
	cmd.Flags().BoolVar(&dryRun, options.DryRun.Flag(), false, "make every check of both sides, show every change and write nothing")
	return cmd
}

// planJoin shows what a join would do, in the directory and in the image.
func (a *app) planJoin(ctx context.Context, d *offlinejoin.Directory, acc offlinejoin.AccountRequest, req offlinejoin.Request, report string) error {
	req.Progress = a.warnings()
	plan, receipt, err := offlinejoin.PlanJoin(ctx, d, acc, req)
	if err != nil {
		return err
	}
	if err := options.WriteReport(report, receipt); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(joinDocument{receipt, plan})
	}
	fmt.Fprintln(a.Out, accountLine(plan))
	a.showReceipt(receipt)
	return nil
}

// makeJoin carries a join out.
func (a *app) makeJoin(ctx context.Context, d *offlinejoin.Directory, acc offlinejoin.AccountRequest, req offlinejoin.Request, report string) error {
	req.Progress = a.progress()
	receipt, err := offlinejoin.Join(ctx, d, acc, req)
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
	if f := receipt.Account; f != nil && receipt.Outcome == offlinejoin.OutcomeStaged {
		fmt.Fprintf(a.Out, "Its account is %s (objectGUID %s), %s at %s.\n", plaintext.Line(f.DN, 0), f.ObjectGUID, madeOrReset(f),
			plaintext.Line(f.DC, 0))
	}
	return nil
}

// madeOrReset says how an account came to its password.
func madeOrReset(f *offlinejoin.AccountFacts) string {
	if f.Made {
		return "made"
	}
	return "with a new password"
}
