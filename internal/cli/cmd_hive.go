package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/term"
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
K<TAB>path, and V<TAB>path<TAB>name<TAB>type<TAB>size<TAB>SHA-256 of the data. What in a name
acts on a terminal or reorders text is escaped. Of a staged blob no digest is shown.`,
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

// about adds to an error of the hive engine the file, which the engine has no name for, and what to do.
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

// keyDump is one of the keys in the document that hive dump prints: schema_version and keys.
type keyDump struct {
	Path   string      `json:"path"`
	Values []valueDump `json:"values"`
}

type valueDump struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"` // of the data; "secret" for what the registry contract hides
}

// dumpJSON prints what regf.Dump lists as one document, a key at a time, so that a hive of any size takes little memory.
// A hive that cannot be read whole has no document.
func (a *app) dumpJSON(h *regf.Hive) error {
	if err := regf.Readable(h); err != nil {
		return err
	}
	d := dumpDocument{out: bufio.NewWriter(a.Out), secret: secretIn(h)}
	fmt.Fprintf(d.out, "{\n  \"schema_version\": %d,\n  \"keys\": [", schemaVersion)
	for e, err := range regf.Walk(h) {
		if err == nil {
			err = d.add(e)
		}
		if err != nil {
			return err
		}
	}
	if err := d.endKey(); err != nil {
		return err
	}
	fmt.Fprint(d.out, "\n  ]\n}\n")
	return d.out.Flush()
}

// dumpDocument is the document that hive dump prints, its keys one after the other.
type dumpDocument struct {
	out    *bufio.Writer
	secret secrecy
	key    *keyDump // its values are being collected; nil before the first
	keys   int      // that have been written
}

func (d *dumpDocument) add(e regf.Entry) error {
	if e.IsKey() {
		err := d.endKey()
		d.key = &keyDump{Path: e.Path, Values: []valueDump{}}
		return err
	}
	v := valueDump{e.Value.Name(), e.Value.Type().String(), e.Value.Size(), regf.HiddenDigest}
	if !d.secret(e.Path, e.Value) {
		var err error
		if v.SHA256, err = e.Digest(); err != nil {
			return err
		}
	}
	d.key.Values = append(d.key.Values, v)
	return nil
}

// endKey writes the key, as printJSON would in its place of the document.
func (d *dumpDocument) endKey() error {
	if d.key == nil {
		return nil
	}
	text, err := indented("    ", d.key)
	if err != nil {
		return err
	}
	before := "\n    "
	if d.keys++; d.keys > 1 {
		before = "," + before
	}
	_, err = fmt.Fprintf(d.out, "%s%s", before, bytes.TrimSuffix(text, []byte("\n")))
	return err
}

type checkDocument struct {
	SchemaVersion int            `json:"schema_version"`
	File          string         `json:"file"`
	Format        string         `json:"format"` // "1.5"
	Dirty         bool           `json:"dirty"`
	LogEntries    int            `json:"log_entries"` // pending ones that were applied
	OrphanEntries int            `json:"orphan_log_entries"`
	Bytes         uint32         `json:"bytes"` // of hive bins
	OK            bool           `json:"ok"`
	Problems      []regf.Problem `json:"problems"`
}

// showCheck checks a hive, shows the findings, and fails when one of them is damage.
func (a *app) showCheck(file string, h *regf.Hive) error {
	problems := regf.Check(h)
	damaged := slices.ContainsFunc(problems, func(p regf.Problem) bool { return !p.Oddity })
	major, minor := h.Version()
	recovery := h.Recovery()

	if a.json {
		err := a.printJSON(checkDocument{
			SchemaVersion: schemaVersion, File: plaintext.Line(file, 0), Format: fmt.Sprintf("%d.%d", major, minor),
			Dirty: recovery.Dirty, LogEntries: recovery.Entries, OrphanEntries: recovery.Orphaned,
			Bytes: h.DataSize(), OK: !damaged, Problems: append([]regf.Problem{}, problems...),
		})
		if err != nil || !damaged {
			return err
		}
		return errReported
	}

	fmt.Fprintf(a.Out, "%s: format %d.%d, %s, %s\n", plaintext.Line(file, 0), major, minor, offlinejoin.FormatSize(int64(h.DataSize())),
		closed(recovery))
	for _, p := range problems {
		fmt.Fprintf(a.Out, "  %v\n", p)
	}
	if damaged {
		return winerr.Errorf(winerr.CantLoadOfflineHive, "%s is damaged: restore it from a backup of the image", file)
	}
	fmt.Fprintln(a.Out, "The structure is sound.")
	return nil
}

// closed describes how a hive was left.
func closed(r regf.Recovery) string {
	switch {
	case r.Dirty && r.Entries == 0:
		return "not closed cleanly"
	case r.Dirty:
		return fmt.Sprintf("not closed cleanly, %s applied", term.Count(r.Entries, "pending log entry", "pending log entries"))
	case r.Orphaned > 0:
		return fmt.Sprintf("clean, %s newer than it", term.Count(r.Orphaned, "log entry", "log entries"))
	}
	return "clean"
}
