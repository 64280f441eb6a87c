package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

func (a *app) hive() *cobra.Command {
	return group("hive", "Read a registry hive file, with the logs beside it; writes nothing",
		a.hiveGet(), a.hiveDump(), a.hiveCheck())
}

func (a *app) hiveDump() *cobra.Command {
	var asIs bool
	cmd := &cobra.Command{
		Use:   "dump FILE",
		Short: "List every key and value, values as digests",
		Long: `List every key and value of a hive, pending log entries applied, in sorted lines that can be compared:
K<TAB>path, and V<TAB>path<TAB>name<TAB>type<TAB>size<TAB>SHA-256 of the data. Of a staged blob no digest is shown.`,
		Args: cobra.ExactArgs(1),
		RunE: a.begin(func(_ context.Context, args []string) error {
			h, err := winimage.OpenHiveFile(args[0], asIs)
			if err != nil {
				return about(args[0], err)
			}
			defer h.Close()
			if a.json {
				err = a.dumpJSON(h.Hive)
			} else {
				secret := secretIn(h.Hive)
				hidden := func(e regf.Entry) bool { return secret(e.Path, e.Value) }
				err = regf.DumpOptions{Hidden: hidden}.Dump(h.Hive, a.Out)
			}
			return about(args[0], err)
		}),
	}
	addAsIs(cmd, &asIs)
	return cmd
}

func (a *app) hiveCheck() *cobra.Command {
	var asIs bool
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Verify the whole structure of a hive",
		Long: `Verify the whole structure of a hive, pending log entries applied: its bins and cells, every list, every name,
and the reference counts of the security records. The exit code is 1 when it is damaged; what old tools leave
behind and Windows lives with is listed and is no damage.`,
		Args: cobra.ExactArgs(1),
		RunE: a.begin(func(_ context.Context, args []string) error {
			h, err := winimage.OpenHiveFile(args[0], asIs)
			if err != nil {
				return about(args[0], err)
			}
			defer h.Close()
			return a.showCheck(args[0], h.Hive)
		}),
	}
	addAsIs(cmd, &asIs)
	return cmd
}

func addAsIs(cmd *cobra.Command, asIs *bool) {
	cmd.Flags().BoolVar(asIs, "as-is", false,
		"read a hive that was not closed cleanly and that its logs do not complete, as its file stands")
}

// about names the file in an error of the hive engine, which knows no names, and says what now.
func about(file string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return winerr.Errorf(winerr.FileNotFound, "%s does not exist: check the path", file)
	case errors.Is(err, regf.ErrUnrecoverable):
		return winerr.Errorf(winerr.CantLoadOfflineHive,
			"%s: %w: put its LOG1 and LOG2 beside it, or read it as it stands with --as-is", file, err)
	}
	return fmt.Errorf("%s: %w", file, err)
}
