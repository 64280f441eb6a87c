package cli

import (
	"encoding/json"
	"fmt"

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
	enc := json.NewEncoder(a.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(document)
}

// warn prints one sentence that does not stop the work.
func (a *app) warn(sentence string) { fmt.Fprintf(a.Err, "warning: %s\n", sentence) }

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
