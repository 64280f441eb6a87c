package answerfile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// splice replaces a piece of text. Offsets and lengths are in bytes of the text as UTF-8, without byte order mark.
type splice struct {
	at, removed int
	added       string
}

func (d *document) qualified(e *etree.Element, inner string) string {
	return ">" + inner + "</" + e.FullTag() + ">"
}

// graft adds elements to a parent: after its last child of the same kind, else at its end.
func (d *document) graft(parent *etree.Element, added []*etree.Element) splice {
	l, s := d.layout(), d.spans[parent]
	outer, own := d.indentation(parent)
	if s.empty {
		const slash = len("/>")
		inner := d.lines(l, added, outer+l.unit, own)
		if own && l.newline != "" {
			inner += l.newline + outer
		}
		return splice{at: s.inner - slash, removed: slash, added: d.qualified(parent, inner)}
	}
	at := s.inner + len(strings.TrimRight(string(d.shown[s.inner:s.innerEnd]), blanks))
	siblings := parent.ChildElements()
	if len(siblings) == 0 {
		text := d.lines(l, added, outer+l.unit, own)
		if own && l.newline != "" && !strings.Contains(string(d.shown[at:s.innerEnd]), "\n") {
			text += l.newline + outer
		}
		return splice{at: at, added: text}
	}
	last := siblings[len(siblings)-1]
	if alike := children(parent, added[0].Tag); len(alike) > 0 {
		last = alike[len(alike)-1]
		at = d.afterElement(last)
	}
	indent, own := d.indentation(last)
	return splice{at: at, added: d.lines(l, added, indent, own)}
}

// lines returns elements as text, each in lines of its own where the file has lines.
func (d *document) lines(l layout, added []*etree.Element, indent string, own bool) string {
	if !own {
		l.newline, indent = "", ""
	}
	var b strings.Builder
	for _, e := range added {
		b.WriteString(l.newline)
		if l.newline != "" {
			b.WriteString(indent)
		}
		b.WriteString(l.render(e, indent))
	}
	return b.String()
}

// refill gives an element another text.
func (d *document) refill(e *etree.Element, text string) splice {
	text = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
	s := d.spans[e]
	if s.empty {
		const slash = len("/>")
		return splice{at: s.inner - slash, removed: slash, added: d.qualified(e, text)}
	}
	return splice{at: s.inner, removed: s.innerEnd - s.inner, added: text}
}

// prune takes an element away, with the line break and the indentation before it.
func (d *document) prune(e *etree.Element) splice {
	s := d.spans[e]
	before := string(d.shown[d.spans[e.Parent()].inner:s.start])
	space := before[len(strings.TrimRight(before, blanks)):]
	if !strings.Contains(space, "\n") {
		space = ""
	}
	return splice{at: s.start - len(space), removed: s.end - s.start + len(space)}
}

// apply makes all splices at once. Their offsets are of the text as given.
func apply(text []byte, splices []splice) []byte {
	size := len(text)
	for _, s := range splices {
		size += len(s.added) - s.removed
	}
	out, from := make([]byte, 0, size), 0
	for _, s := range splices {
		out = append(append(out, text[from:s.at]...), s.added...)
		from = s.at + s.removed
	}
	return append(out, text[from:]...)
}

// ordered sorts splices by offset; what is only added comes before what is removed at the same place.
func ordered(splices []splice) []splice {
	slices.SortStableFunc(splices, func(a, b splice) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.removed, b.removed))
	})
	return splices
}
