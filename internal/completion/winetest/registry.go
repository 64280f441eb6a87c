package winetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Import sets values in the registry, and creates their keys.
func (p *Prefix) Import(t testing.TB, values []RegValue) {
	t.Helper()
	p.regedit(t, formatRegFile(values))
}

// DeleteKeys deletes keys with all below them. Absent ones are no error.
func (p *Prefix) DeleteKeys(t testing.TB, keys ...string) {
	t.Helper()
	p.regedit(t, formatRegDelete(keys))
}

func (p *Prefix) regedit(t testing.TB, text []byte) {
	t.Helper()
	file := filepath.Join(p.work, "import.reg")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(file) //nolint:errcheck // the test's folder goes anyway
	p.mustRun(t, "regedit", "/S", windowsPath(file))
}

// Query returns the values of one key by name, and nil when the key does not exist.
func (p *Prefix) Query(t testing.TB, key string) map[string]RegValue {
	t.Helper()
	file := filepath.Join(p.work, "export.reg")
	defer os.Remove(file) //nolint:errcheck // the test's folder goes anyway
	p.run(t, nil, "regedit", "/E", windowsPath(file), key)
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	all, err := parseRegFile(text)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]RegValue{}
	for _, v := range all {
		if strings.EqualFold(v.Key, key) {
			values[v.Name] = v
		}
	}
	return values
}
