package joinfile

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

const (
	// minMasked is the length from which a run of base64 or hex is taken for a secret. OpenSSL breaks base64 into lines
	// of 64, MIME of 76; hardly a name is that long.
	minMasked = 60
	// minTail is the same for what continues a masked run on the next line.
	minTail = 4
)

// masked returns text of the same length in which long runs of base64 and hex are asterisks, and what would act on a
// terminal or reorder text is question marks. It is for what people are shown of their own files: somebody may have pasted
// a blob there.
func masked(text []byte) []byte {
	out := maskRuns(text)
	for at := 0; at < len(out); {
		r, n := utf8.DecodeRune(out[at:])
		endsLine := r == '\n' || r == '\r' && bytes.HasPrefix(out[at+n:], []byte("\n"))
		if !endsLine && !plaintext.Safe(string(out[at:at+n])) && r != '\t' && !unicode.Is(unicode.Zs, r) {
			for i := range n {
				out[at+i] = '?'
			}
		}
		at += n
	}
	return out
}

func maskRuns(text []byte) []byte {
	out := bytes.Clone(text)
	threshold := minMasked
	for at := 0; at < len(out); {
		n := run(out[at:])
		switch word := out[at : at+n]; {
		case n >= threshold && looksRandom(word):
			for i := range word {
				word[i] = '*'
			}
			threshold = minTail
		case n == 0 && isSpace(out[at]):
		default:
			threshold = minMasked
		}
		at += max(n, 1)
	}
	return out
}

// showable reports whether a value can be shown as it is: it is no pasted blob and drives no terminal.
func showable(text string) bool {
	return string(masked([]byte(text))) == text && !strings.ContainsAny(text, "\r\n")
}

// run returns how many characters of base64 text begins with.
func run(text []byte) int {
	n := 0
	for n < len(text) && isBase64(text[n]) {
		n++
	}
	return n
}

// looksRandom tells base64 from a long path, the only innocent text that is without blanks, dots and dashes for so
// long: base64 is made of capitals and digits by half.
func looksRandom(word []byte) bool {
	slashes, telling := 0, 0
	for _, c := range word {
		switch {
		case c == '/':
			slashes++
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			telling++
		}
	}
	return slashes == 0 || 4*telling >= len(word)
}

func isBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '='
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// shown returns what a diagnostic may show: without the values of variables, with secrets masked in its texts, and with
// texts and names of files that are safe for a line.
func shown(d *hcl.Diagnostic) *hcl.Diagnostic {
	copied := *d
	copied.Expression, copied.EvalContext, copied.Extra = nil, nil, nil
	copied.Summary, copied.Detail = sentence(d.Summary), sentence(d.Detail)
	copied.Subject, copied.Context = shownRange(d.Subject), shownRange(d.Context)
	return &copied
}

// sentence returns a text of a diagnostic as one line. Line breaks are the author's, and become blanks, where nothing else
// is wrong with the text.
func sentence(text string) string {
	text = string(maskRuns([]byte(text)))
	if joined := strings.ReplaceAll(text, "\n", " "); plaintext.Safe(joined) {
		return joined
	}
	return plaintext.Line(text, 0)
}

// shownRange is a range in a file that is called by a name that is safe for a line.
func shownRange(r *hcl.Range) *hcl.Range {
	if r == nil {
		return nil
	}
	copied := *r
	copied.Filename = plaintext.Line(r.Filename, 0)
	return &copied
}
