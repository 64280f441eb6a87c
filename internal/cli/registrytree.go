package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// registryTree is a part of a hive as people see it: for each key, by its path, what its values show, by their names.
type registryTree map[string]map[string]shownValue

type shownValue struct{ kind, text string }

// readTree reads a key and all below it. The tree of the demonstration is small; this is no way to read a whole hive.
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

// compareTrees lists both trees as one, with a mark at what the second has new, changed or lost. hive is put before
// every path. Equal trees give rows without marks.
func compareTrees(hive string, before, after registryTree) []row {
	var rows []row
	for _, path := range bothKeys(before, after) {
		old, had := before[path]
		now, has := after[path]
		rows = append(rows, row{mark: presence(had, has, true), subject: hive + `\` + path})
		for _, name := range bothKeys(old, now) {
			rows = append(rows, compareValues(name, old, now))
		}
	}
	return rows
}

func compareValues(name string, old, now map[string]shownValue) row {
	was, had := old[name]
	is, has := now[name]
	r := row{mark: presence(had, has, was == is), subject: "  " + name, kind: is.kind, say: is.text}
	switch r.mark {
	case markModify:
		r.say = was.text + " → " + is.text
	case markRemove:
		r.kind, r.say = was.kind, was.text
	}
	if name == "" {
		r.subject = "  (default)"
	}
	return r
}

// presence is the mark of something that was there or not, is there or not, and stayed the same or not.
func presence(had, has, same bool) mark {
	switch {
	case !had:
		return markAdd
	case !has:
		return markRemove
	case !same:
		return markModify
	}
	return markSame
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
