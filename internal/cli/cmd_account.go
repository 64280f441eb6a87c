package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/term"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

type accountDocument struct {
	SchemaVersion int                       `json:"schema_version"`
	Account       *offlinejoin.AccountFacts `json:"account"`
}

type accountsDocument struct {
	SchemaVersion int                        `json:"schema_version"`
	Accounts      []offlinejoin.AccountFacts `json:"accounts"`
}

// deletedDocument is what became of each account that broken runs have left.
type deletedDocument struct {
	SchemaVersion int              `json:"schema_version"`
	Accounts      []deletedAccount `json:"accounts"`
}

type deletedAccount struct {
	offlinejoin.AccountFacts
	Outcome deletion    `json:"outcome"`
	Error   *errorFacts `json:"error,omitempty"` // why it is not deleted
}

// deletion is what became of an account that was to be deleted.
type deletion string

const (
	deletionDone     deletion = "deleted"
	deletionFailed   deletion = "failed"
	deletionNotBegun deletion = "not_begun" // the command was interrupted before it
)

func (a *app) account() *cobra.Command {
	return group("account", "Show, disable and delete computer accounts, and what broken runs have left", a.accountShow(),
		a.accountDisable(), a.accountDelete())
}

// accountCommand is what the commands on accounts share.
type accountCommand struct {
	domain options.DirectoryWords
	query  offlinejoin.LostQuery
	lost   bool
	yes    bool
}

// lostFlags are the flags that choose what broken runs have left.
func (c *accountCommand) lostFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&c.lost, "lost", false, "the accounts that runs of this program have made or reset and not finished, by their "+
		"markers: nobody has their passwords")
	flags.StringVar(&c.query.Run, "run", "", "with --lost: those of this run alone, by its `NAME` in the marker")
	flags.DurationVar(&c.query.OlderThan, "older-than", time.Hour, "with --lost: only those whose marker is older than this "+
		"`DURATION`, as a run that still works has a young one (default 1h)")
	flags.Lookup("older-than").DefValue = "0s" // the text has it, for pages, too
}

// arguments wants one name, or --lost, and no flag of the other.
func (c *accountCommand) arguments(cmd *cobra.Command, args []string) error {
	if c.lost {
		if err := refuseFlags(cmd, "is for the account of one machine, and --lost takes none that a machine has logged on with: leave it out",
			options.DeleteLive.Flag()); err != nil {
			return err
		}
	} else if err := refuseFlags(cmd, "chooses among what broken runs have left: give --lost, too, or leave it out",
		"run", "older-than"); err != nil {
		return err
	}
	switch {
	case c.lost && c.query.OlderThan < 0:
		return fmt.Errorf("--older-than %s is before now: write how old a marker is at least, such as 2h", c.query.OlderThan)
	case c.lost && len(args) > 0:
		return errors.New("give the name of a machine, or --lost, not both")
	case !c.lost && len(args) != 1:
		return errors.New("give the name of one machine, such as WEB01, or --lost for what broken runs have left")
	}
	return nil
}

func oneName(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errors.New("give the name of one machine, such as WEB01")
	}
	return nil
}

func (a *app) accountShow() *cobra.Command {
	var c accountCommand
	cmd := &cobra.Command{
		Use:   "show {NAME | --lost}",
		Short: "Show what the domain has of an account, or what broken runs have left",
		Example: `  offlinejoin account show WEB01 --domain corp.example.com
  offlinejoin account show --lost --domain corp.example.com`,
		Args: c.arguments,
		RunE: a.begin(func(ctx context.Context, args []string) error {
			d, end, err := a.directory(c.domain)
			if err != nil {
				return err
			}
			defer end()
			if c.lost {
				lost, err := offlinejoin.LostAccounts(ctx, d, c.query)
				if err != nil {
					return interrupted(err, onlyRead)
				}
				return a.showAccounts(lost)
			}
			return a.showOne(offlinejoin.ReadAccount(ctx, d, offlinejoin.AccountQuery{MachineName: args[0]}))
		}),
	}
	c.lostFlags(cmd)
	directoryFlags(cmd, &c.domain)
	return cmd
}

// onlyRead is what an interrupt means as long as accounts are only looked at.
const onlyRead = "nothing was written"

// showOne prints an account, or returns the error.
func (a *app) showOne(facts *offlinejoin.AccountFacts, err error) error {
	if err != nil {
		return interrupted(err, onlyRead)
	}
	if a.json {
		return a.printJSON(accountDocument{schemaVersion, facts})
	}
	a.showAccount(facts)
	return nil
}

// showAccounts prints the accounts that runs have left.
func (a *app) showAccounts(lost []offlinejoin.AccountFacts) error {
	if a.json {
		return a.printJSON(accountsDocument{schemaVersion, append([]offlinejoin.AccountFacts{}, lost...)})
	}
	a.listAccounts(lost)
	return nil
}

func (a *app) listAccounts(lost []offlinejoin.AccountFacts) {
	if len(lost) == 0 {
		fmt.Fprintln(a.Out, "No run has left an account.")
		return
	}
	table := term.NewTable("MACHINE", "STATUS", "MARKER", "ACCOUNT")
	for _, f := range lost {
		table.Add(term.Modified, plaintext.Line(f.MachineName, plaintext.Name), string(f.Status), plaintext.Line(f.Marker, 0),
			plaintext.Line(f.DN, 0))
	}
	table.Write(a.Out)
}

func (a *app) accountDisable() *cobra.Command {
	var c accountCommand
	cmd := &cobra.Command{
		Use:   "disable NAME",
		Short: "Disable an account: no machine and no image can use its password any more",
		Long: `Disable an account: no machine and no image can use its password any more.

It is what to do first when an image with a staged join has got into wrong hands. Nothing else of the account changes.
It is asked first, unless --yes is given.`,
		Example: `  offlinejoin account disable WEB01 --domain corp.example.com`,
		Args:    oneName,
		RunE: a.begin(func(ctx context.Context, args []string) error {
			return a.endAccount(ctx, &c, args[0], offlinejoin.AccountRelease{End: offlinejoin.AccountDisable})
		}),
	}
	cmd.Flags().BoolVarP(&c.yes, "yes", "y", false, "do not ask")
	directoryFlags(cmd, &c.domain)
	return cmd
}

func (a *app) accountDelete() *cobra.Command {
	var c accountCommand
	release := offlinejoin.AccountRelease{End: offlinejoin.AccountDelete}
	cmd := &cobra.Command{
		Use:   "delete {NAME | --lost}",
		Short: "Delete an account that no machine has logged on with, or all that broken runs have left",
		Long: `Delete an account that no machine has logged on with, or all that broken runs have left.

An account in use is refused: a machine that is joined again under its name gets another SID, and none of its groups.
--lost finds by their markers what runs of this program have made or reset and not finished; nobody has the passwords of
those. It is asked first, unless --yes is given.`,
		Example: `  offlinejoin account delete WEB01 --domain corp.example.com
  offlinejoin account delete --lost --older-than 2h --domain corp.example.com`,
		Args: c.arguments,
		RunE: a.begin(func(ctx context.Context, args []string) error {
			if c.lost {
				return a.deleteLost(ctx, &c)
			}
			return a.endAccount(ctx, &c, args[0], release)
		}),
	}
	c.lostFlags(cmd)
	cmd.Flags().BoolVar(&release.DeleteLive, options.DeleteLive.Flag(), false, doc(options.DeleteLive))
	cmd.Flags().BoolVarP(&c.yes, "yes", "y", false, "do not ask")
	directoryFlags(cmd, &c.domain)
	return cmd
}

// endAccount disables or deletes the account of a machine, the one that was shown when it was asked.
func (a *app) endAccount(ctx context.Context, c *accountCommand, name string, release offlinejoin.AccountRelease) error {
	if !c.yes {
		if err := a.canAsk(); err != nil {
			return err
		}
	}
	d, end, err := a.directory(c.domain)
	if err != nil {
		return err
	}
	defer end()
	release.MachineName = name
	before, err := offlinejoin.ReadAccount(ctx, d, release.AccountQuery)
	if err != nil {
		return interrupted(err, onlyRead)
	}
	if before.Status == offlinejoin.AccountGone {
		return winerr.Errorf(winerr.FileNotFound, "%s has no account of %s", plaintext.Line(before.Domain, 0), plaintext.Line(name, 0))
	}
	release.ObjectGUID, release.Seen = before.ObjectGUID, before
	if !c.yes {
		a.showAccount(before)
		if err := a.ask(ctx, fmt.Sprintf("\n%s this account?", titled(release.End))); err != nil {
			return err
		}
	}
	now, err := offlinejoin.ReleaseAccount(ctx, d, release)
	if err != nil {
		return interrupted(err, "offlinejoin account show says what has become of the account")
	}
	if a.json {
		return a.printJSON(accountDocument{schemaVersion, now})
	}
	fmt.Fprintf(a.Out, "The account %s is %s.\n", plaintext.Line(before.DN, 0), ended(now.Status))
	return nil
}

func titled(end offlinejoin.AccountEnd) string {
	if end == offlinejoin.AccountDisable {
		return "Disable"
	}
	return "Delete"
}

func ended(s offlinejoin.AccountStatus) string {
	if s == offlinejoin.AccountGone {
		return "deleted"
	}
	return string(s)
}

// deleteLost deletes what broken runs have left. One that cannot be deleted does not keep the others.
func (a *app) deleteLost(ctx context.Context, c *accountCommand) error {
	if !c.yes {
		if err := a.canAsk(); err != nil {
			return err
		}
	}
	d, end, err := a.directory(c.domain)
	if err != nil {
		return err
	}
	defer end()
	lost, err := offlinejoin.LostAccounts(ctx, d, c.query)
	if err != nil {
		return interrupted(err, onlyRead)
	}
	if len(lost) == 0 {
		return a.showAccounts(lost)
	}
	if !c.yes {
		a.listAccounts(lost)
		if err := a.ask(ctx, fmt.Sprintf("\nDelete %s?", term.Count(len(lost), "account", "accounts"))); err != nil {
			return err
		}
	}
	return a.deleteEach(ctx, d, lost)
}

// deleteEach deletes accounts one after the other, and says what became of each. The exit code is 0 when all are deleted, and 75
// when all that failed may pass by itself.
func (a *app) deleteEach(ctx context.Context, d *offlinejoin.Directory, lost []offlinejoin.AccountFacts) error {
	document := deletedDocument{SchemaVersion: schemaVersion}
	left, lasting := false, false
	for _, one := range lost {
		result, err := a.deleteOne(ctx, d, one)
		left, lasting = left || err != nil, lasting || err != nil && !offlinejoin.MayPass(err)
		document.Accounts = append(document.Accounts, result)
		a.showDeleted(result)
	}
	if a.json {
		if err := a.printJSON(document); err != nil {
			return err
		}
	}
	switch {
	case lasting:
		return errReported
	case left:
		return errMayPass
	}
	return nil
}

// deleteOne deletes an account, unless the command is interrupted by then. The error is in the result, too.
func (a *app) deleteOne(ctx context.Context, d *offlinejoin.Directory, one offlinejoin.AccountFacts) (deletedAccount, error) {
	result := deletedAccount{AccountFacts: one, Outcome: deletionNotBegun}
	if err := ctx.Err(); err != nil {
		return result, err
	}
	now, err := offlinejoin.ReleaseAccount(ctx, d, offlinejoin.AccountRelease{
		AccountQuery: offlinejoin.AccountQuery{ObjectGUID: one.ObjectGUID, MachineName: one.MachineName}, End: offlinejoin.AccountDelete,
		Seen: &one,
	})
	if err == nil {
		result.Outcome, result.Status = deletionDone, now.Status
		return result, nil
	}
	result.Outcome, result.Status, result.Error = deletionFailed, offlinejoin.AccountUnknown, a.errorFacts(err)
	if errors.Is(err, context.Canceled) {
		result.Error.Message = "interrupted: offlinejoin account show says whether it is there still"
	} else if now != nil {
		result.Status = now.Status
	}
	return result, err
}

// showDeleted prints what became of an account: where it was not deleted, on standard error.
func (a *app) showDeleted(one deletedAccount) {
	dn := plaintext.Line(one.DN, 0)
	switch {
	case one.Outcome == deletionNotBegun:
		fmt.Fprintf(a.Err, "error: the account %s is not deleted: interrupted before it\n", dn)
	case one.Error != nil:
		fmt.Fprintf(a.Err, "error: the account %s is not deleted: %s (%d %s)\n", dn, one.Error.Message, one.Error.Code, one.Error.Name)
	case !a.json:
		fmt.Fprintf(a.Out, "The account %s is deleted.\n", dn)
	}
}
