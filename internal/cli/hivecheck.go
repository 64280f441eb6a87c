package cli

import (
	"fmt"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

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
			SchemaVersion: schemaVersion, File: file, Format: fmt.Sprintf("%d.%d", major, minor),
			Dirty: recovery.Dirty, LogEntries: recovery.Entries, OrphanEntries: recovery.Orphaned,
			Bytes: h.DataSize(), OK: !damaged, Problems: append([]regf.Problem{}, problems...),
		})
		if err != nil || !damaged {
			return err
		}
		return errReported
	}

	fmt.Fprintf(a.Out, "%s: format %d.%d, %s, %s\n", file, major, minor, offlinejoin.FormatSize(int64(h.DataSize())), closed(recovery))
	for _, p := range problems {
		fmt.Fprintf(a.Out, "  %v\n", p)
	}
	if damaged {
		return winerr.Errorf(winerr.CantLoadOfflineHive, "%s is damaged: restore it from a backup of the image", file)
	}
	fmt.Fprintln(a.Out, "The structure is sound.")
	return nil
}

// closed tells how a hive was left.
func closed(r regf.Recovery) string {
	switch {
	case r.Dirty && r.Entries == 0:
		return "not closed cleanly"
	case r.Dirty:
		return fmt.Sprintf("not closed cleanly, %s applied", count(r.Entries, "pending log entry", "pending log entries"))
	case r.Orphaned > 0:
		return fmt.Sprintf("clean, %s newer than it", count(r.Orphaned, "log entry", "log entries"))
	}
	return "clean"
}

// count is "1 key" or "9 keys".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
