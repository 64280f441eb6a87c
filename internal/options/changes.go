package options

import (
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// Line shows a change in one line, such as `~ SYSTEM\Setup SetupType 0 → 2`: `+` adds, `~` modifies, `-` removes. A
// secret appears as the core gives it, by its length only.
func Line(c offlinejoin.Change) string {
	parts := []string{sign(c.Kind), c.Where}
	for _, part := range []string{c.Name, kind(c), Transition(c)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

func sign(kind offlinejoin.ChangeKind) string {
	switch kind {
	case offlinejoin.ChangeAdd:
		return "+"
	case offlinejoin.ChangeRemove:
		return "-"
	default:
		return "~"
	}
}

// kind is the type where it tells something: not that of a value that stays what it is, nor of a key, which has no name.
func kind(c offlinejoin.Change) string {
	if c.Kind == offlinejoin.ChangeModify || c.Name == "" {
		return ""
	}
	return c.Type
}

// Transition shows what becomes of a change's subject, such as `0 → 2`.
func Transition(c offlinejoin.Change) string {
	switch {
	case c.Kind == offlinejoin.ChangeModify:
		return c.Before + " → " + c.After
	case c.After != "":
		return c.After
	default:
		return c.Before
	}
}
