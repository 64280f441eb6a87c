package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// keyDump is one of the keys in the document that hive dump prints: schema_version and keys.
type keyDump struct {
	Path   string      `json:"path"`
	Values []valueDump `json:"values"`
}

type valueDump struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"` // of the data; "secret" for what the registry contract hides
}

// dumpJSON prints what regf.Dump lists as one document, a key at a time, so that a hive of any size takes little memory.
// A hive that cannot be read whole has no document.
func (a *app) dumpJSON(h *regf.Hive) error {
	if err := regf.Readable(h); err != nil {
		return err
	}
	out := bufio.NewWriter(a.Out)
	fmt.Fprintf(out, "{\n  \"schema_version\": %d,\n  \"keys\": [", schemaVersion)
	secret := secretIn(h)
	var key *keyDump
	between := "\n    "
	for e, err := range regf.Walk(h) {
		if err != nil {
			return err
		}
		if e.IsKey() {
			if key != nil {
				if err := key.write(out, between); err != nil {
					return err
				}
				between = ",\n    "
			}
			key = &keyDump{Path: e.Path, Values: []valueDump{}}
			continue
		}
		digest := regf.HiddenDigest
		if !secret(e.Path, e.Value) {
			if digest, err = e.Digest(); err != nil {
				return err
			}
		}
		key.Values = append(key.Values, valueDump{e.Value.Name(), e.Value.Type().String(), e.Value.Size(), digest})
	}
	if err := key.write(out, between); err != nil { // there is a key: the root
		return err
	}
	fmt.Fprint(out, "\n  ]\n}\n")
	return out.Flush()
}

// write writes the key as printJSON would in its place of the document.
func (k *keyDump) write(w io.Writer, before string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("    ", "  ")
	if err := enc.Encode(k); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s%s", before, bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	return err
}
