package answerfile

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
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

// behind returns the index for a new child after e and the comments behind it in its line; see afterElement.
func (d *document) behind(e *etree.Element) int {
	end := d.spans[e].end
	comments := bytes.Count(d.shown[end:d.afterElement(e)], []byte("<!--"))
	siblings, at := e.Parent().Child, e.Index()+1
	for i := at; comments > 0 && i < len(siblings); i++ {
		if _, ok := siblings[i].(*etree.Comment); ok {
			at = i + 1
			comments--
		}
	}
	return at
}

// carryOut makes the planned changes twice, as an edit of bytes and of the tree, and accepts the result only when both
// agree and the change can be taken back.
func (p *planner) carryOut(edit *Edit, original []byte, blank bool) error {
	splices := ordered(p.splices)
	after := &document{enc: p.enc, text: apply(p.text, splices)}
	defer after.wipe()
	for _, change := range p.model {
		change()
	}
	if err := after.read(); err != nil || !bytes.Equal(after.shown, apply(p.shown, splices)) || !same(p.root, after.root) {
		return unsafe()
	}
	if err := after.fill(p.join); err != nil {
		return err
	}
	edit.Content = after.enc.encode(after.text)
	if len(edit.Content) > MaxSize {
		return refuse(winerr.InvalidParameter, "would become larger than %d MiB with the join: use a smaller one",
			MaxSize>>20)
	}
	var err error
	if edit.Undo, err = p.undo(original, edit.Content, splices, blank); err != nil {
		return err
	}
	back, err := Remove(edit.Content, edit.Undo)
	if err != nil || back.Outcome != Restored || !bytes.Equal(back.Content, original) {
		return unsafe()
	}
	clear(back.Content)
	return nil
}

func unsafe() error {
	return refuse(winerr.CantCreateJoinInfo,
		"has a form that cannot be changed without touching other parts of it: simplify it, "+
			"and please report its form to offlinejoin")
}

// fill puts the account data in the place of its mask.
func (d *document) fill(j Join) error {
	settings, err := d.pass(passSpecialize)
	if err != nil {
		return err
	}
	parent, err := component(settings, componentJoin, j.Architecture)
	for _, tag := range []string{tagIdentification, tagProvisioning, tagAccountData} {
		if err != nil {
			return err
		}
		parent, err = only(parent, tag)
	}
	if err != nil {
		return err
	}
	s := d.spans[parent]
	if parent == nil || s.innerEnd-s.inner != len(j.AccountData) {
		return unsafe()
	}
	copy(d.text[s.inner:], j.AccountData)
	return nil
}

// same compares two trees. White space between elements does not count.
func same(a, b *etree.Element) bool {
	if a.Space != b.Space || a.Tag != b.Tag || !slices.EqualFunc(a.Attr, b.Attr, sameAttr) {
		return false
	}
	partsA, textA := parts(a)
	partsB, textB := parts(b)
	return textA == textB && slices.EqualFunc(partsA, partsB, sameToken)
}

func sameAttr(a, b etree.Attr) bool {
	return a.Space == b.Space && a.Key == b.Key && a.Value == b.Value
}

func sameToken(a, b etree.Token) bool {
	switch a := a.(type) {
	case *etree.Element:
		b, ok := b.(*etree.Element)
		return ok && same(a, b)
	case *etree.Comment:
		b, ok := b.(*etree.Comment)
		return ok && a.Data == b.Data
	case *etree.ProcInst:
		b, ok := b.(*etree.ProcInst)
		return ok && a.Target == b.Target && a.Inst == b.Inst
	}
	return false
}

// parts returns what is in an element: its children in order, and its text without blanks.
func parts(e *etree.Element) (children []etree.Token, text string) {
	var b strings.Builder
	for _, c := range e.Child {
		if data, ok := c.(*etree.CharData); ok {
			b.WriteString(strings.Join(strings.Fields(data.Data), ""))
		} else {
			children = append(children, c)
		}
	}
	return children, b.String()
}
