package cli

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/regf"
)

type dumpDocument struct {
	SchemaVersion int        `json:"schema_version"`
	Keys          []*keyDump `json:"keys"`
}

type keyDump struct {
	Path   string      `json:"path"`
	Values []valueDump `json:"values"`
}

type valueDump struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

// dumpJSON prints what regf.Dump lists, as one document.
func (a *app) dumpJSON(h *regf.Hive) error {
	var lines bytes.Buffer
	if err := regf.Dump(h, &lines); err != nil {
		return err
	}
	keys, err := parseDump(lines.String())
	if err != nil {
		return err
	}
	return a.printJSON(dumpDocument{schemaVersion, keys})
}

// parseDump reads the lines of regf.Dump, in which every K line comes before the V lines.
func parseDump(dump string) ([]*keyDump, error) {
	keys := []*keyDump{}
	byPath := map[string]*keyDump{}
	for line := range strings.Lines(dump) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case len(f) == 2 && f[0] == "K":
			k := &keyDump{Path: f[1], Values: []valueDump{}}
			keys = append(keys, k)
			byPath[k.Path] = k
		case len(f) == 6 && f[0] == "V" && byPath[f[1]] != nil:
			v, err := parseValue(f[2:])
			if err != nil {
				return nil, err
			}
			byPath[f[1]].Values = append(byPath[f[1]].Values, v)
		default:
			return nil, fmt.Errorf("a line of the dump is not understood: %q", line)
		}
	}
	return keys, nil
}

// parseValue reads name, type, size and digest.
func parseValue(f []string) (valueDump, error) {
	typ, err := strconv.ParseUint(f[1], 10, 32)
	if err != nil {
		return valueDump{}, err
	}
	n, err := strconv.Atoi(f[2])
	return valueDump{Name: f[0], Type: regf.Type(typ).String(), Size: n, SHA256: f[3]}, err
}
