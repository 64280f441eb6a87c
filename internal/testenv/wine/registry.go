package wine

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Import sets values in the registry, and creates their keys.
func (p *Prefix) Import(t testing.TB, values []RegValue) {
	t.Helper()
	p.Replace(t, nil, values)
}

// DeleteKeys deletes keys with all below them. Absent ones are no error.
func (p *Prefix) DeleteKeys(t testing.TB, keys ...string) {
	t.Helper()
	p.Replace(t, keys, nil)
}

// Replace deletes keys with all below them, and then sets values.
func (p *Prefix) Replace(t testing.TB, keys []string, values []RegValue) {
	t.Helper()
	file := filepath.Join(p.work, "import.reg")
	if err := os.WriteFile(file, formatRegFile(keys, values), 0o600); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Remove(file) }() // the test's folder goes anyway
	p.mustRun(t, p.regedit(), "/S", windowsPath(file))
}

// regedit is given by its path: by its name, Wine starts one more process to find it.
func (p *Prefix) regedit() string { return p.Path("windows", "regedit.exe") }

// Query returns the values of one key by name, and nil when the key does not exist.
func (p *Prefix) Query(t testing.TB, key string) map[string]RegValue {
	t.Helper()
	return p.Tree(t, key).Key(key)
}

// Tree is all values of a key and of those below it.
type Tree []RegValue

// Tree reads a key with all below it. It is empty when the key does not exist: when regedit has written nothing, however often it was
// asked, because one that Wine fails in has written nothing either.
func (p *Prefix) Tree(t testing.TB, key string) Tree {
	t.Helper()
	file := filepath.Join(p.work, "export.reg")
	defer func() { _ = os.Remove(file) }() // the test's folder goes anyway
	var text []byte
	err := os.ErrNotExist
	for try := 0; try < tries && os.IsNotExist(err); try++ {
		p.run(t, nil, p.regedit(), "/E", windowsPath(file), key)
		text, err = os.ReadFile(file)
	}
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
	return all
}

// Key returns the values of one key by name, and nil when there are none.
func (tree Tree) Key(key string) map[string]RegValue {
	var values map[string]RegValue
	for _, v := range tree {
		if !strings.EqualFold(v.Key, key) {
			continue
		}
		if values == nil {
			values = map[string]RegValue{}
		}
		values[v.Name] = v
	}
	return values
}

// Holding counts the values whose data is, or contains, the given bytes.
func (tree Tree) Holding(data []byte) int {
	count := 0
	for _, v := range tree {
		count += bytes.Count(v.Data, data)
	}
	return count
}
