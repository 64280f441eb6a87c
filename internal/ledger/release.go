package ledger

import (
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// ReleaseCommand returns the command that releases a use of the ledger, whole, as a shell takes it. It is "" for the ledger of
// one run, which ends by itself.
func (l *Ledger) ReleaseCommand(id, reason string) string { return releaseCommand(l.flag, id, reason) }

// ReleaseCommand is [Ledger.ReleaseCommand] for the ledger at a place, and "" where none is named.
func (w Where) ReleaseCommand(id, reason string) string { return releaseCommand(w.flag(), id, reason) }

// ListCommand returns the command that lists the uses in force of the ledger at a place, and "" where none is named.
func (w Where) ListCommand() string {
	if w.flag() == "" {
		return ""
	}
	return "offlinejoin ledger list " + w.flag()
}

func releaseCommand(flag, id, reason string) string {
	if flag == "" {
		return ""
	}
	return "offlinejoin ledger release " + shellWord(id) + " " + flag + ` --reason "` + reason + `"`
}

// flag is by what the command line is given the ledger at a place; "" where none is named.
func (w Where) flag() string {
	switch {
	case w.File != "":
		return "--ledger-file " + shellWord(w.File)
	case w.URL != "": // without a password: see CheckURL
		return "--ledger " + shellWord(w.URL)
	}
	return ""
}

// shellWord writes a text so that it is one line, and one word for a shell.
func shellWord(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+,=-"
	text = plaintext.Line(text, 0)
	switch {
	case text != "" && strings.Trim(text, plain) == "":
		return text
	case !strings.ContainsAny(text, "\"$`!"):
		return `"` + text + `"`
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
