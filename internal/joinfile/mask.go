package joinfile

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

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

// showablePath reports whether a value that [showable] takes for base64 is a path all the same. Base64 has a slash in 64
// characters, and paths have many more: so what begins as paths do and has short names on the average is one, also with one
// long name among them. A name that is a digest, as stores of images have them, does not count: a blob is far longer.
func showablePath(text string) bool {
	const (
		longest = 128 // characters of a name
		average = 20
	)
	length, names := 0, 0
	for name := range strings.SplitSeq(strings.ReplaceAll(text, `\`, "/"), "/") {
		switch {
		case name == "" || isDigest(name):
			continue
		case len(name) > longest || !plaintext.Safe(name):
			return false
		}
		names++
		length += len(name)
	}
	if names < 3 || length > average*names {
		return false
	}
	return isRooted(text) || showable(withoutDigests(text))
}

// isRooted reports whether a path begins in a folder that it names: /, ./, ../, C:/.
func isRooted(path string) bool {
	drive := len(path) > 2 && path[1] == ':' && (path[2] == '/' || path[2] == '\\')
	return drive || strings.HasPrefix(path, "/") || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../")
}

func withoutDigests(path string) string {
	names := strings.Split(path, "/")
	return strings.Join(slices.DeleteFunc(names, isDigest), "/")
}

// isDigest reports whether a name is a digest in hex, SHA-1 to SHA-512, or the 32 digits of an identifier.
func isDigest(name string) bool {
	switch len(name) {
	case 32, 40, 56, 64, 96, 128:
		return strings.Trim(name, "0123456789abcdef") == ""
	}
	return false
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

// hidden are texts that must not be shown, in lower case.
type hidden []string

// add hides a text, and each of its lines, as it is and without blanks around it.
func (h *hidden) add(text string) {
	for line := range strings.SplitSeq(strings.ToLower(text), "\n") {
		for _, one := range []string{strings.Trim(line, "\r"), strings.TrimSpace(line)} {
			if one != "" && !slices.Contains(*h, one) {
				*h = append(*h, one)
			}
		}
	}
	slices.SortStableFunc(*h, func(a, b string) int { return len(b) - len(a) })
}

// minInWord is the length from which a hidden text is also looked for within words: a shorter one is part of many.
const minInWord = 4

// mask puts asterisks in place of all hidden texts, in any case. The length stays.
func (h hidden) mask(text []byte) []byte {
	if len(h) == 0 {
		return text
	}
	lower := bytes.Map(func(r rune) rune { // ToLower may change the length of other letters
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
	if len(lower) != len(text) { // not UTF-8
		return bytes.Repeat([]byte("*"), len(text))
	}
	out := bytes.Clone(text)
	for _, one := range h {
		for at := 0; ; {
			i := bytes.Index(lower[at:], []byte(one))
			if i < 0 {
				break
			}
			from, to := at+i, at+i+len(one)
			if len(one) >= minInWord || !isWordAt(lower, from-1) && !isWordAt(lower, to) {
				copy(out[from:to], bytes.Repeat([]byte("*"), to-from))
			}
			at = to
		}
	}
	return out
}

func isWordAt(text []byte, at int) bool {
	return at >= 0 && at < len(text) && (text[at] >= 'a' && text[at] <= 'z' || text[at] >= '0' && text[at] <= '9')
}

func (d *Diagnostics) hideValue(text string) { d.values.add(text) }

// hideTexts hides all strings in a value that has no marks.
func (d *Diagnostics) hideTexts(value cty.Value) {
	_ = cty.Walk(value, func(_ cty.Path, v cty.Value) (bool, error) { // never fails
		if v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
			d.hideValue(v.AsString())
		}
		return true, nil
	})
}

// source returns what of a file's text may be shown; its length is that of the text.
func (d *Diagnostics) source(f *hcl.File) []byte { return d.contents.mask(masked(f.Bytes)) }

// shown returns what a diagnostic may show: without the values of variables, with secrets masked in its texts, and with
// texts and names of files that are safe for a line.
func (d *Diagnostics) shown(one *hcl.Diagnostic) *hcl.Diagnostic {
	copied := *one
	copied.Expression, copied.EvalContext, copied.Extra = nil, nil, nil
	text := func(s string) string { return sentence(string(d.contents.mask(d.values.mask([]byte(s))))) }
	copied.Summary, copied.Detail = text(one.Summary), text(one.Detail)
	copied.Subject, copied.Context = shownRange(one.Subject), shownRange(one.Context)
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
