package answerfile

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Bounds of what is looked at. Real answer files are 10 levels deep and have some hundred elements.
const (
	maxDepth      = 64
	maxNodes      = 1 << 16 // elements, attributes, comments and pieces of text together
	maxAttributes = 256     // of one element
)

// span is where an element stands in the text, as offsets in bytes.
//
//	<name attr="…">   …   </name>       <name/>
//	^start         ^inner ^innerEnd ^end       ^inner, innerEnd, end
type span struct {
	local                       string
	start, inner, innerEnd, end int
	empty                       bool // <name/>
	parent                      bool // has child elements
}

// scanner finds the spans of all elements, in the order of their start tags, and refuses what XML does not allow where
// package encoding/xml is lenient.
type scanner struct {
	text  []byte
	spans []span
	open  []int // indexes of spans
	nodes int
	roots int
}

func scan(text []byte) ([]span, error) {
	s := &scanner{text: text}
	if at := bytes.IndexFunc(text, notXML); at >= 0 {
		return nil, s.at(at, "it has a character that XML does not allow")
	}
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is UTF-8 by now
	for {
		start := int(decoder.InputOffset())
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, s.broken(err)
		}
		if err := s.take(token, start, int(decoder.InputOffset())); err != nil {
			return nil, err
		}
	}
	if s.roots == 0 {
		return nil, malformed(1, "it has no element")
	}
	return s.spans, nil
}

// broken tells of a syntax error by its line only: the reader's own words may quote the text.
func (s *scanner) broken(err error) error {
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return malformed(syntax.Line, "an XML syntax error")
	}
	return malformed(1, "it cannot be read as XML 1.0")
}

func (s *scanner) take(token xml.Token, start, end int) error {
	if s.nodes++; s.nodes > maxNodes {
		return refuse(winerr.InvalidParameter, "has more than %d parts, which no real answer file has: use another", maxNodes)
	}
	switch t := token.(type) {
	case xml.StartElement:
		return s.startTag(t, start, end)
	case xml.EndElement:
		s.endTag(start, end)
	case xml.CharData:
		if len(s.open) == 0 && len(trimBlank(s.text[start:end])) > 0 {
			return s.at(start, "there is text outside of the outermost element")
		}
	case xml.Directive:
		return s.at(start, "it has a document type definition, which answer files do not need and which is not read")
	case xml.ProcInst:
		if after := s.text[start+len("<?")+len(t.Target)]; !isBlank(after) && after != '?' {
			return s.at(start, "a processing instruction has no blank after its name")
		}
		if strings.EqualFold(t.Target, "xml") && start != 0 {
			return s.at(start, "the XML declaration is not at the very beginning")
		}
		if strings.EqualFold(t.Target, "xml") && !declaration.Match(s.text) {
			return s.at(start, "the XML declaration is not one of XML 1.0")
		}
	}
	return nil
}

func (s *scanner) startTag(t xml.StartElement, start, end int) error {
	switch {
	case len(s.open) == 0 && s.roots > 0:
		return s.at(start, "there is a second outermost element")
	case len(s.open) == maxDepth:
		return s.at(start, "elements are nested too deeply")
	case len(t.Attr) > maxAttributes:
		return s.at(start, "an element has too many attributes")
	case !spaced(s.text[start:end]):
		return s.at(start, "there is no blank between two attributes")
	case !distinct(t.Attr):
		return s.at(start, "an element has an attribute twice")
	}
	s.nodes += len(t.Attr)
	if n := len(s.open); n > 0 {
		s.spans[s.open[n-1]].parent = true
	} else {
		s.roots++
	}
	s.open = append(s.open, len(s.spans))
	s.spans = append(s.spans, span{local: t.Name.Local, start: start, inner: end})
	return nil
}

// endTag closes the innermost element. For <name/> the decoder reports an end that takes no room.
func (s *scanner) endTag(start, end int) {
	last := len(s.open) - 1
	e := &s.spans[s.open[last]]
	s.open = s.open[:last]
	e.innerEnd, e.end, e.empty = start, end, start == end
}

func (s *scanner) at(offset int, why string) error {
	return malformed(lineOf(s.text, offset), why)
}

func lineOf(text []byte, offset int) int { return 1 + bytes.Count(text[:offset], []byte("\n")) }

func distinct(attributes []xml.Attr) bool {
	seen := make(map[xml.Name]bool, len(attributes))
	for _, a := range attributes {
		if seen[a.Name] {
			return false
		}
		seen[a.Name] = true
	}
	return true
}

// spaced reports whether every attribute value of a start tag is followed by a blank or by the tag's end.
func spaced(tag []byte) bool {
	quote := byte(0)
	for i, c := range tag {
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
			if next := tag[i+1]; !isBlank(next) && next != '/' && next != '>' {
				return false
			}
		}
	}
	return true
}

// notXML reports whether a character cannot be in a document ([XML] 2.2). The decoder does not look into comments.
func notXML(r rune) bool { return r < ' ' && !isBlank(byte(r)) || r&^1 == 0xFFFE }

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

const blanks = " \t\r\n"

func trimBlank(text []byte) []byte { return bytes.Trim(text, blanks) }
