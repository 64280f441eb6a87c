package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/term"
)

// schemaVersion is the version of every JSON document that a command prints.
const schemaVersion = 1

type errorDocument struct {
	SchemaVersion int        `json:"schema_version"`
	Error         errorFacts `json:"error"`
}

type errorFacts struct {
	Code    uint32 `json:"code"`
	Name    string `json:"name"`
	Message string `json:"message"`
}

// printJSON writes one document, indented, with its newline.
func (a *app) printJSON(document any) error {
	text, err := indented("", document)
	if err != nil {
		return err
	}
	_, err = a.Out.Write(text)
	return err
}

// indented returns a document as JSON text with its newline. The documents about hives hold names and data as the hive
// does; what in them acts on a terminal is escaped, as encoding/json escapes the control characters of ASCII.
func indented(prefix string, document any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent(prefix, "  ")
	if err := enc.Encode(document); err != nil {
		return nil, err
	}
	return escapeActing(b.Bytes()), nil
}

// escapeActing writes the characters of a JSON text that act on a terminal or reorder text as their units of UTF-16. None of
// them is outside of strings but line feeds.
func escapeActing(text []byte) []byte {
	acts := func(r rune) bool { return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) }
	if bytes.IndexFunc(text, acts) < 0 {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		if !acts(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.Bytes()
}

// warn prints one sentence that does not stop the work.
func (a *app) warn(sentence string) {
	fmt.Fprintf(a.Err, "warning: %s\n", a.asTyped(plaintext.Line(sentence, 0)))
}

// warnIf warns unless the sentence is empty.
func (a *app) warnIf(sentence string) {
	if sentence != "" {
		a.warn(sentence)
	}
}

// fact is one line of `Name   value`; without a value it is not printed.
func fact(name, value string) term.Fact { return term.Fact{Name: name, Value: value} }

// join is the way a join is called: WEB01 → corp.example.com.
func join(machine, domain string) string {
	if machine == "" {
		return "a join"
	}
	return machine + " → " + domain
}
