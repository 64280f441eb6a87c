package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/term"
	"github.com/offlinejoin/offlinejoin/internal/version"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func (a *app) ledger() *cobra.Command {
	return group("ledger", "List what a ledger keeps from other images, and release what is gone", a.ledgerList(),
		a.ledgerRelease())
}

type ledgerDocument struct {
	SchemaVersion int                       `json:"schema_version"`
	Uses          []offlinejoin.LedgerEntry `json:"uses"`
}

func (a *app) ledgerList() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the accounts that are used, with the images that have them",
		Args:  cobra.NoArgs,
		RunE: a.begin(func(ctx context.Context, _ []string) error {
			uses, err := offlinejoin.LedgerEntries(ctx, file)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(ledgerDocument{schemaVersion, uses})
			}
			if len(uses) == 0 {
				fmt.Fprintln(a.Out, noUses(file))
				return nil
			}
			rows := make([]term.Row, len(uses))
			for i, u := range uses {
				rows[i] = term.Row{
					Subject: u.ID, Kind: u.Event,
					Value: fmt.Sprintf("%s in %s, %s", join(u.MachineName, u.Domain), imageOfUse(u), u.At.Format("2006-01-02 15:04")),
				}
			}
			term.WriteRows(a.Out, rows)
			return nil
		}),
	}
	required(cmd, options.LedgerFile, "FILE", setString(&file))
	return cmd
}

// noUses says that no account is in use, and when the ledger is not there, which a mistyped name can be the reason of.
func noUses(file string) string {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return plaintext.Line(file, 0) + " does not exist: no account was staged with it."
	}
	return "No account is in use."
}

func imageOfUse(u offlinejoin.LedgerEntry) string {
	if u.Host == "" {
		return u.WindowsPath
	}
	return u.WindowsPath + " on " + u.Host
}

func (a *app) ledgerRelease() *cobra.Command {
	req := offlinejoin.ReleaseRequest{By: "offlinejoin/" + version.String()}
	cmd := &cobra.Command{
		Use:   "release ID",
		Short: "Free the account of an image that is gone, so that it can be staged again",
		Long: `Free the account of an image that is gone, so that it can be staged again.

ID is the first column of "offlinejoin ledger list". Release a use only when its image will never boot: else two
machines get one account, and lock each other out. A join that is still in its image is taken back by
"offlinejoin unstage" with the same --ledger-file, which frees the account by itself.`,
		Example: `  offlinejoin ledger release 4f1c22e09a7b8d31 --ledger-file joins.ledger --reason "web01 was rebuilt"`,
		Args:    cobra.ExactArgs(1),
		RunE: a.begin(func(ctx context.Context, args []string) error {
			if strings.TrimSpace(req.Reason) == "" {
				return misuse("--reason is empty: say what became of the image")
			}
			if _, err := os.Stat(req.LedgerFile); errors.Is(err, fs.ErrNotExist) {
				return winerr.Errorf(winerr.FileNotFound, "the ledger %s does not exist: check the path", req.LedgerFile)
			}
			req.ID = args[0]
			if err := offlinejoin.ReleaseUse(ctx, req); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(releasedDocument{schemaVersion, req.ID})
			}
			fmt.Fprintf(a.Out, "Released %s: its account can be staged again.\n", req.ID)
			return nil
		}),
	}
	required(cmd, options.LedgerFile, "FILE", setString(&req.LedgerFile))
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why, in your `WORDS`; the ledger keeps it")
	if err := cmd.MarkFlagRequired("reason"); err != nil {
		panic(err) // the flag was added one line above
	}
	return cmd
}

type releasedDocument struct {
	SchemaVersion int    `json:"schema_version"`
	Released      string `json:"released"`
}
