package answerfile

import (
	"bytes"
	"encoding/xml"

	"github.com/beevik/etree"
)

// secretText returns the real text of an element, which the tree has masked, without any blank. It is the caller's to
// clear.
func (d *document) secretText(e *etree.Element) []byte {
	raw := d.text[d.spans[e].inner:d.spans[e].innerEnd]
	if bytes.ContainsAny(raw, "<&") {
		return withoutBlanks(unescape(raw))
	}
	return withoutBlanks(raw)
}

// unescape returns the characters of a piece of text that was found to be well formed: CDATA, references and comments
// in it are seen through.
func unescape(raw []byte) []byte {
	var out []byte
	decoder := xml.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := decoder.RawToken()
		if err != nil {
			return out
		}
		if data, ok := token.(xml.CharData); ok {
			out = append(out, data...)
		}
	}
}

func withoutBlanks(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, c := range text {
		if !isBlank(c) {
			out = append(out, c)
		}
	}
	return out
}

// accountData returns all elements AccountData, wherever they are.
func (d *document) accountData() []*etree.Element { return below(d.root, tagAccountData) }

func below(e *etree.Element, tag string) []*etree.Element {
	var out []*etree.Element
	for _, c := range e.ChildElements() {
		if c.Tag == tag && c.NamespaceURI() == namespace {
			out = append(out, c)
		}
		out = append(out, below(c, tag)...)
	}
	return out
}
