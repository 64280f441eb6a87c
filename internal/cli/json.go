package cli

import "encoding/json"

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
