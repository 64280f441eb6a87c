// Package plaintext is the one owner of what is safe to show in a line: on a terminal, in a log, in a diagnostic, in a
// web page's text.
//
// Text that others wrote (an image's registry, its answer files and logs, a guest's output, a ledger, a blob, an
// environment variable) passes through [Line] where it enters the program, so that whatever shows it later has nothing
// left to escape. What the program compares, writes back or hands to an interpreter is kept as it was read.
package plaintext

import (
	"strings"
	"unicode"
)

// The bounds that callers use, in runes.
const (
	Name     = 300  // a name, a path, a registry text shown as a fact
	Sentence = 1000 // a message of another program or of an image
)

// Replacement stands for each character that is not safe.
const Replacement = unicode.ReplacementChar

// ellipsis marks text that was cut.
const ellipsis = "…"

// Line returns s as text for one line: valid UTF-8, at most limit runes and an ellipsis when s was longer, and none of
// the characters that act on a terminal or reorder text: control characters (C0, C1, ESC, CR, LF), format characters
// (bidirectional marks, zero-width joiners), line and paragraph separators, private use and unassigned code points, each
// of which becomes U+FFFD. Tabs and the other spaces of Unicode become a space. A limit below one cuts nothing.
//
// Line is idempotent: Line(Line(s, n), n) == Line(s, n).
func Line(s string, limit int) string {
	if Safe(s) && (limit < 1 || len(s) <= limit) {
		return s
	}
	var b strings.Builder
	n := 0
	for _, r := range s { // invalid bytes arrive as U+FFFD
		if limit >= 1 && n == limit {
			if s = b.String(); !strings.HasSuffix(s, ellipsis) {
				s += ellipsis
			}
			return s
		}
		b.WriteRune(safe(r))
		n++
	}
	return b.String()
}

// Safe reports whether Line would return s as it is when nothing is cut.
func Safe(s string) bool {
	for i, r := range s {
		if r == Replacement && !strings.HasPrefix(s[i:], string(Replacement)) { // an invalid byte
			return false
		}
		if r != safe(r) {
			return false
		}
	}
	return true
}

func safe(r rune) rune {
	switch {
	case r == '\t', unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.IsPrint(r):
		return r
	}
	return Replacement
}
