package answerfile

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/beevik/etree"
)

// layout is how a file is laid out, so that what is added looks like the rest.
type layout struct {
	newline string // "" when the file is one line
	unit    string // of indentation
}

const usualUnit = "    " // of Windows System Image Manager

func (d *document) layout() layout {
	l := layout{unit: usualUnit}
	switch {
	case bytes.Contains(d.shown, []byte("\r\n")):
		l.newline = "\r\n"
	case bytes.IndexByte(d.shown, '\n') >= 0:
		l.newline = "\n"
	}
	outer, _ := d.indentation(d.root)
	for _, e := range d.root.ChildElements() {
		inner, own := d.indentation(e)
		if unit, ok := strings.CutPrefix(inner, outer); own && ok && unit != "" && even(unit) {
			l.unit = unit
			break
		}
	}
	return l
}

// even reports whether a unit is one that can be repeated: a tab, or some blanks.
func even(unit string) bool {
	const widest = 8
	return unit == "\t" || strings.Trim(unit, " ") == "" && len(unit) <= widest
}

// indentation returns what is before an element in its line. own is false when that is not only blanks.
func (d *document) indentation(e *etree.Element) (indent string, own bool) {
	before := d.shown[:d.spans[e].start]
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	if len(line) == len(before) && len(line) > 0 || len(bytes.Trim(line, " \t")) > 0 {
		return "", false
	}
	return string(line), true
}

// render returns an element as text: the first line without indentation, the others with that of the first.
func (l layout) render(e *etree.Element, indent string) string {
	doc := etree.NewDocumentWithRoot(e.Copy())
	doc.WriteSettings.CanonicalText = true
	if l.newline == "" {
		doc.Unindent()
	} else {
		s := etree.NewIndentSettings()
		s.UseTabs, s.Spaces, s.SuppressTrailingWhitespace = l.unit == "\t", len(l.unit), true
		doc.IndentWithSettings(s)
	}
	text, err := doc.WriteToString()
	if err != nil {
		panic(err) // a strings.Builder takes everything
	}
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", l.newline+indent)
}

// lineComments are the comments that follow an element in its line: they belong to it.
var lineComments = regexp.MustCompile(`^(?:[ \t]*<!--[^\r\n]*?-->)+`)

// afterElement returns the offset after an element and the comments behind it in its line.
func (d *document) afterElement(e *etree.Element) int {
	end := d.spans[e].end
	return end + len(lineComments.Find(d.shown[end:d.spans[e.Parent()].innerEnd]))
}
