package demo

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/term"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// registryTree is a part of a hive as people see it: for each key, by its path, what its values show, by their names.
type registryTree map[string]map[string]shownValue

type shownValue struct{ kind, text string }

// registry reads the part of the image's SYSTEM hive that a join is staged into.
func (s Sample) registry() (registryTree, error) {
	h, err := winimage.OpenHiveFile(filepath.Join(s.WindowsPath, "System32", "config", "SYSTEM"), false)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	setup, err := h.Key(completion.SetupKey)
	if err != nil {
		return nil, err
	}
	return readTree(setup)
}

// readTree reads a key and all below it. The tree of the demonstration is small; a whole hive would not fit the
// purpose.
func readTree(k regf.Key) (registryTree, error) {
	tree := registryTree{}
	return tree, tree.add(k)
}

func (t registryTree) add(k regf.Key) error {
	values := map[string]shownValue{}
	for v, err := range k.Values() {
		if err != nil {
			return err
		}
		text, err := showValue(k.Path(), v)
		if err != nil {
			return err
		}
		values[v.Name()] = shownValue{v.Type().String(), text}
	}
	t[k.Path()] = values
	for sub, err := range k.Subkeys() {
		if err != nil {
			return err
		}
		if err := t.add(sub); err != nil {
			return err
		}
	}
	return nil
}

// showValue shows text and numbers, and of what is secret and of everything else the length.
func showValue(key string, v regf.Value) (string, error) {
	if completion.IsSecret(key, v.Name(), v.Type() == regf.Binary) {
		return fmt.Sprintf("%d bytes, secret", v.Size()), nil
	}
	switch v.Type() {
	case regf.SZ, regf.ExpandSZ:
		s, err := v.Text()
		if s == "" {
			s = `""`
		}
		return s, err
	case regf.DWORD:
		n, err := v.Uint32()
		return fmt.Sprint(n), err
	}
	return fmt.Sprintf("%d bytes", v.Size()), nil
}

// compare lists both trees as one, with a mark at what the second has new, changed or lost. hive is put before
// every path. Equal trees give rows without marks.
func compare(hive string, before, after registryTree) []term.Row {
	var rows []term.Row
	for _, path := range bothKeys(before, after) {
		old, had := before[path]
		now, has := after[path]
		rows = append(rows, term.Row{Mark: presence(had, has, true), Subject: hive + `\` + path})
		for _, name := range bothKeys(old, now) {
			rows = append(rows, compareValues(name, old, now))
		}
	}
	return rows
}

func compareValues(name string, old, now map[string]shownValue) term.Row {
	was, had := old[name]
	is, has := now[name]
	r := term.Row{Mark: presence(had, has, was == is), Subject: "  " + name, Kind: is.kind, Value: is.text}
	switch r.Mark {
	case term.Modified:
		r.Value = was.text + " → " + is.text
	case term.Removed:
		r.Kind, r.Value = was.kind, was.text
	}
	if name == "" {
		r.Subject = "  (default)"
	}
	return r
}

// presence is the mark of something that was there or not, is there or not, and stayed the same or not.
func presence(had, has, same bool) term.Mark {
	switch {
	case !had:
		return term.Added
	case !has:
		return term.Removed
	case !same:
		return term.Modified
	}
	return term.Same
}

// bothKeys returns the names in either map, sorted as a registry sorts: without regard to case.
func bothKeys[V any](a, b map[string]V) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]V{}
	}
	maps.Copy(all, b)
	return slices.SortedFunc(maps.Keys(all), func(x, y string) int {
		return strings.Compare(strings.ToLower(x), strings.ToLower(y))
	})
}
