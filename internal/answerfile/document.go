package answerfile

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
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

// secretText returns the real text of an element, which the tree has masked, without any blank. It is the caller's to
// clear.
func (d *document) secretText(e *etree.Element) []byte {
	raw := d.text[d.spans[e].inner:d.spans[e].innerEnd]
	if bytes.ContainsAny(raw, "<&") {
		return withoutBlanks(unescape(raw))
	}
	return withoutBlanks(raw)
}

// hasBlanks reports whether there are blanks in the real text of such an element.
func (d *document) hasBlanks(e *etree.Element) bool {
	raw := d.text[d.spans[e].inner:d.spans[e].innerEnd]
	if bytes.ContainsAny(raw, "<&") {
		raw = unescape(raw)
		defer clear(raw)
	}
	return bytes.ContainsAny(raw, blanks)
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

// refusal is an error about a file whose name is not known here: its text starts with a verb ("is not …").
// It never quotes text of the file but names that this package knows.
type refusal struct {
	code winerr.Code
	text string
}

// Error implements error.
func (r *refusal) Error() string { return r.text }

func refuse(code winerr.Code, format string, args ...any) error {
	return &refusal{code: code, text: fmt.Sprintf(format, args...)}
}

// malformed says that the text of a file is not what XML allows, and where.
func malformed(line int, why string) error {
	return refuse(winerr.InvalidParameter, "is not a well-formed answer file: line %d: %s: correct it and stage again",
		line, why)
}

// of gives an error the name of the file it is about.
func of(name string, err error) error {
	if r, ok := errors.AsType[*refusal](err); ok {
		return winerr.Errorf(r.code, "%s %w", name, r)
	}
	return err
}

// Unread returns what an error says is wrong with a file that it is about, such as "is not a well-formed answer file: line 3: …",
// without advice for staging. is is false for an error that is about no content.
func Unread(err error) (wrong string, is bool) {
	r, is := errors.AsType[*refusal](err)
	if !is {
		return "", false
	}
	return withoutCure(r), true
}

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

// broken returns what is wrong with the text, and where. The reader's own words may quote the text, so that only the
// kind of error is taken from them.
func (s *scanner) broken(err error) error {
	syntax, ok := errors.AsType[*xml.SyntaxError](err)
	if !ok {
		return malformed(1, "it cannot be read as XML 1.0")
	}
	has := func(words ...string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(syntax.Msg, w) })
	}
	why := "an XML syntax error"
	switch {
	case has("closed by"):
		why = "the element " + s.innermost() + " is not closed where another end tag comes"
	case has("unexpected EOF") && len(s.open) > 0:
		why = "the file ends, and the element " + s.innermost() + " is not closed"
	case has("unexpected EOF"):
		why = "the file ends in the middle of a tag or comment"
	case has("unexpected end element"):
		why = "an end tag, and no element is open"
	case has("--", "comment"):
		why = `two hyphens ("--") in a comment, which XML does not allow there`
	case has("entity"):
		why = "an \"&\" that begins no character reference: write it as &amp;"
	case has("attribute"):
		why = "an attribute without value, or without quotes around it"
	case has("element name"), has("expected"):
		why = "a \"<\" that begins no tag: write it as &lt;, or complete the tag"
	}
	return malformed(syntax.Line, why)
}

// innermost names the element that is open, and the line where it began.
func (s *scanner) innermost() string {
	if len(s.open) == 0 {
		return "that is open"
	}
	e := s.spans[s.open[len(s.open)-1]]
	return fmt.Sprintf("%s of line %d", elementName(e.local), lineOf(s.text, e.start))
}

// usualNames are elements that people meet in answer files and that a message may name: what has another name may be a
// password with a "<" in it.
var usualNames = [...]string{
	tagUnattend, tagSettings, tagComponent, tagIdentification, tagOffline, tagProvisioning, tagAccountData, tagComputerName,
	tagAutoLogon, "AdministratorPassword", "AsynchronousCommand", "CommandLine", "Credentials", "Description", "Domain", "Enabled",
	"FirstLogonCommands", "Hidden", "LocalAccount", "LocalAccounts", "LogonCommands", "MachinePassword", "Name", "OOBE", "Order",
	"Password", "Path", "PlainText", "RunAsynchronous", "RunAsynchronousCommand", "RunSynchronous", "RunSynchronousCommand",
	"SynchronousCommand", "UserAccounts", "Username", "Value",
}

// elementName returns the name of an element for a message.
func elementName(name string) string {
	if slices.Contains(usualNames[:], name) {
		return name
	}
	return "(its name is not shown)"
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
