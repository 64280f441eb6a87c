package answerfile

import (
	"bytes"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

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
