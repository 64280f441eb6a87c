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
	return group("ledger", "Keep one account to one image: list, release, and the table that hosts share", a.ledgerList(),
		a.ledgerRelease(), a.ledgerSchema(), a.ledgerImport())
}

// ledgerFlags are the flags that name a ledger.
func ledgerFlags(cmd *cobra.Command, file, url *string) {
	optionFlag(cmd, options.LedgerFile, "FILE", setString(file))
	optionFlag(cmd, options.LedgerURL, "URL", setString(url)) // looked at later: what is wrong with a flag is shown with its value
}

// aLedger wants one of the two flags, or the environment variable, and n arguments.
func aLedger(n int, file, url *string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if *file == "" && *url == "" && os.Getenv(options.LedgerVariable) == "" {
			return fmt.Errorf("give --%s FILE or --%s URL for the ledger", options.LedgerFile.Flag(), options.LedgerURL.Flag())
		}
		return cobra.ExactArgs(n)(cmd, args)
	}
}

type ledgerDocument struct {
	SchemaVersion int                       `json:"schema_version"`
	Uses          []offlinejoin.LedgerEntry `json:"uses"`
}

func (a *app) ledgerList() *cobra.Command {
	var file, url string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the accounts that are used, with the images that have them",
		Args:  aLedger(0, &file, &url),
		RunE: a.begin(func(ctx context.Context, _ []string) error {
			at, err := options.LedgerOf(file, url)
			if err != nil {
				return err
			}
			uses, err := offlinejoin.LedgerEntries(ctx, at)
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
	ledgerFlags(cmd, &file, &url)
	return cmd
}

// isMissing reports whether a ledger is in a file, and that is not there.
func isMissing(file string) bool {
	_, err := os.Stat(file)
	return file != "" && errors.Is(err, fs.ErrNotExist)
}

// noUses says that no account is in use, and when the ledger is not there, which a mistyped name can be the reason of.
func noUses(file string) string {
	if isMissing(file) {
		return plaintext.Line(file, 0) + " does not exist: no account was staged with it."
	}
	return "No account is in use."
}

func imageOfUse(u offlinejoin.LedgerEntry) string {
	if u.ImageName != "" {
		return u.ImageName
	}
	if u.Host == "" {
		return u.WindowsPath
	}
	return u.WindowsPath + " on " + u.Host
}

func (a *app) ledgerRelease() *cobra.Command {
	var file, url string
	req := offlinejoin.ReleaseRequest{By: "offlinejoin/" + version.String()}
	cmd := &cobra.Command{
		Use:   "release ID",
		Short: "Free the account of an image that is gone, so that it can be staged again",
		Long: `Free the account of an image that is gone, so that it can be staged again.

ID is the first column of "offlinejoin ledger list". Release a use only when its image will never boot: else two
machines get one account, and lock each other out. A join that is still in its image is taken back by
"offlinejoin unstage" with the same ledger, which frees the account by itself.`,
		Example: `  offlinejoin ledger release 4f1c22e09a7b8d31 --ledger-file joins.ledger --reason "web01 was rebuilt"`,
		Args:    aLedger(1, &file, &url),
		RunE: a.begin(func(ctx context.Context, args []string) (err error) {
			if strings.TrimSpace(req.Reason) == "" {
				return misuse("--reason is empty: say what became of the image")
			}
			req.ID = args[0]
			if req.Ledger, err = options.LedgerOf(file, url); err != nil {
				return err
			}
			if isMissing(file) {
				return winerr.Errorf(winerr.FileNotFound, "the ledger %s does not exist: check the path", plaintext.Line(file, 0))
			}
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
	ledgerFlags(cmd, &file, &url)
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

func (a *app) ledgerSchema() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the SQL that makes the table of a ledger in PostgreSQL",
		Long: `Print the SQL that makes the table of a ledger in PostgreSQL.

An administrator runs it once in the database, and for each role that builds images, with --grant: such a role may read
lines and add some, and can neither change nor remove any. Run again it changes nothing.`,
		Example: `  offlinejoin ledger schema --grant builder | psql -d joins`,
		Args:    cobra.NoArgs,
		RunE: a.begin(func(context.Context, []string) error {
			if a.json {
				return a.printJSON(schemaDocument{schemaVersion, offlinejoin.LedgerSchema(role)})
			}
			_, err := fmt.Fprint(a.Out, offlinejoin.LedgerSchema(role))
			return err
		}),
	}
	cmd.Flags().Var(&checkedFlag{kind: "ROLE", set: func(s string) error {
		role = s
		if s == "" || plaintext.Line(s, 0) != s || len(s) > maxRole {
			return errors.New("write the name of a role of the database")
		}
		return nil
	}}, "grant", "also give a role of the database the rights of a builder")
	return cmd
}

const maxRole = 63 // bytes of a name in PostgreSQL

type schemaDocument struct {
	SchemaVersion int    `json:"schema_version"`
	SQL           string `json:"sql"`
}

func (a *app) ledgerImport() *cobra.Command {
	var url string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Add the lines of a ledger file to a ledger in PostgreSQL",
		Long: `Add the lines of a ledger file to a ledger in PostgreSQL.

FILE is what --ledger-file was until now. What is in force there is in force in the shared ledger, too, by the host
and the path that it has. Run again it adds nothing. Afterwards use --ledger alone: the file is not kept up.`,
		Example: `  offlinejoin ledger import joins.ledger --ledger postgres://builder@db.example.com/joins`,
		Args: func(cmd *cobra.Command, args []string) error {
			file := ""
			return aLedger(1, &file, &url)(cmd, args)
		},
		RunE: a.begin(func(ctx context.Context, args []string) error {
			to, err := options.LedgerOf("", url)
			if err != nil {
				return err
			}
			added, known, err := offlinejoin.ImportLedger(ctx, to, args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(importedDocument{schemaVersion, added, known})
			}
			fmt.Fprintf(a.Out, "Added %s; %d were there already.\n", term.Count(added, "line", "lines"), known)
			return nil
		}),
	}
	optionFlag(cmd, options.LedgerURL, "URL", setString(&url)) // see ledgerFlags
	return cmd
}

type importedDocument struct {
	SchemaVersion int `json:"schema_version"`
	Added         int `json:"added"`
	Known         int `json:"known"`
}
