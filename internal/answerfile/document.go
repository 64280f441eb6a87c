package answerfile

import (
	"bytes"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// document is an answer file that was understood: its text, its tree, and where in the text each element of the tree
// stands. The tree knows masked text only.
type document struct {
	enc   encoding
	text  []byte // SECRET: UTF-8 without byte order mark
	shown []byte // the same length, with the text of secret elements masked
	root  *etree.Element
	spans map[*etree.Element]span
}

// parse reads a file. The document must be wiped.
func parse(raw []byte) (*document, error) {
	text, enc, err := decode(raw)
	if err != nil {
		return nil, err
	}
	d := &document{enc: enc, text: text}
	if err := d.read(); err != nil {
		d.wipe()
		return nil, err
	}
	return d, nil
}

func (d *document) wipe() { clear(d.text) }

// mask stands for each byte of a secret text.
const mask = 'x'

func (d *document) read() error {
	spans, err := scan(d.text)
	if err != nil {
		return err
	}
	d.shown = bytes.Clone(d.text)
	for _, s := range spans {
		if slices.Contains(secretTags[:], s.local) && !s.parent {
			copy(d.shown[s.inner:s.innerEnd], bytes.Repeat([]byte{mask}, s.innerEnd-s.inner))
		}
	}
	tree := etree.NewDocument()
	tree.ReadSettings.PreserveDuplicateAttrs = true
	if err := tree.ReadFromBytes(d.shown); err != nil {
		return malformed(1, "it cannot be read as XML 1.0")
	}
	d.root, d.spans = tree.Root(), make(map[*etree.Element]span, len(spans))
	if err := d.pair(&tree.Element, &spans); err != nil {
		return err
	}
	return d.checkRoot()
}

// pair gives every element below e the next span, and checks that they are of one name and in declared namespaces.
func (d *document) pair(e *etree.Element, spans *[]span) error {
	for _, child := range e.ChildElements() {
		if len(*spans) == 0 || (*spans)[0].local != child.Tag {
			return malformed(1, "it cannot be read as XML 1.0")
		}
		d.spans[child], *spans = (*spans)[0], (*spans)[1:]
		if !declared(child) {
			return malformed(lineOf(d.text, d.spans[child].start), "a name has a prefix that is not declared")
		}
		if err := d.pair(child, spans); err != nil {
			return err
		}
	}
	return nil
}

// declared reports whether the prefixes of an element and its attributes mean something.
func declared(e *etree.Element) bool {
	if strings.Contains(e.Tag, ":") || e.Space != "" && e.NamespaceURI() == "" {
		return false
	}
	return !slices.ContainsFunc(e.Attr, func(a etree.Attr) bool {
		builtIn := a.Space == "" || a.Space == "xmlns" || a.Space == "xml"
		return strings.Contains(a.Key, ":") || !builtIn && a.NamespaceURI() == ""
	})
}

func (d *document) checkRoot() error {
	if d.root.Tag != tagUnattend || d.root.NamespaceURI() != namespace {
		return refuse(winerr.InvalidParameter, "is not an answer file: its outermost element is not %s in the namespace %s: "+
			"put a real answer file in its place", tagUnattend, namespace)
	}
	return nil
}

// children returns the child elements of that name in the namespace of answer files.
func children(e *etree.Element, tag string) []*etree.Element {
	if e == nil {
		return nil
	}
	return slices.DeleteFunc(e.ChildElements(), func(c *etree.Element) bool {
		return c.Tag != tag || c.NamespaceURI() != namespace
	})
}

// only returns the one child element of that name, nil when there is none.
func only(e *etree.Element, tag string) (*etree.Element, error) {
	found := children(e, tag)
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, refuse(winerr.InvalidParameter,
		"has the element %s %d times in one place, and which one Setup takes is not "+
			"documented: keep one of them", tag, len(found))
}

// pass returns the settings of a configuration pass, nil when there are none.
func (d *document) pass(name string) (*etree.Element, error) {
	found := d.passes(name)
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, refuse(winerr.InvalidParameter,
		"has the pass %s %d times, and which one Setup takes is not documented: make "+
			"one of them", name, len(found))
}

func (d *document) passes(name string) []*etree.Element {
	return slices.DeleteFunc(children(d.root, tagSettings), func(e *etree.Element) bool {
		return attr(e, attrPass) != name
	})
}

// attr returns an attribute without prefix.
func attr(e *etree.Element, key string) string {
	for _, a := range e.Attr {
		if a.Space == "" && a.Key == key {
			return a.Value
		}
	}
	return ""
}

// component returns the settings of one component for an architecture, nil when there are none. Names are compared
// without case, as the names of Windows' components are (inferred).
func component(settings *etree.Element, name, arch string) (*etree.Element, error) {
	found := slices.DeleteFunc(components(settings, name), func(e *etree.Element) bool {
		return !strings.EqualFold(attr(e, attrArchitecture), arch)
	})
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], checkIdentity(found[0], name)
	}
	return nil, refuse(winerr.InvalidParameter,
		"has the component %s for %s %d times in its pass %s, and which one Setup "+
			"takes is not documented: make one of them", name, arch, len(found), passSpecialize)
}

func components(settings *etree.Element, name string) []*etree.Element {
	return slices.DeleteFunc(children(settings, tagComponent), func(e *etree.Element) bool {
		return !strings.EqualFold(attr(e, attrName), name)
	})
}

// checkIdentity refuses a component that only has the name of Windows' own: Setup would not find it.
func checkIdentity(e *etree.Element, name string) error {
	for _, a := range identity() {
		if !strings.EqualFold(attr(e, a.Key), a.Value) {
			return refuse(winerr.InvalidParameter, "has a component %s with another %s than Windows' own, %q: correct it and "+
				"stage again", name, a.Key, a.Value)
		}
	}
	return nil
}

// content returns the text of an element without what is around it. Comments and CDATA are seen through.
func content(e *etree.Element) string {
	var b strings.Builder
	for _, c := range e.Child {
		if data, ok := c.(*etree.CharData); ok {
			b.WriteString(data.Data)
		}
	}
	return strings.Trim(b.String(), blanks)
}

// identity is what the identities of all components have in common.
func identity() []etree.Attr {
	return []etree.Attr{
		{Key: attrToken, Value: publicKeyToken}, {Key: attrLanguage, Value: language}, {Key: attrScope, Value: versionScope},
	}
}

func processed(settings *etree.Element) bool {
	return settings != nil && strings.EqualFold(attr(settings, attrProcessed), "true")
}
