package regf

import (
	"cmp"
	"container/heap"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode"
)

// Entry is a key of a hive, or a value of one.
type Entry struct {
	Path  string // of the key: empty for the root, and every level adds `\name`; names as they are stored
	Key   Key    // for a value, the key that it belongs to
	Value Value  // the zero Value for a key
}

// IsKey reports whether the entry is a key, and no value of one.
func (e Entry) IsKey() bool { return e.Value.h == nil }

// Walk yields every key of a hive, each followed by its values, in the order of [Dump]: keys sorted by the bytes of
// their paths, values by those of their names. It reads a hive of any size with little memory, for it holds only the
// keys that it has met and not yet yielded; a value's data is read when the caller asks for it.
//
// The walk ends with the first error, which matches ErrCorrupt when the hive is damaged. Hives whose keys share values
// or data, as no sound one does, or whose paths together are out of all proportion, are damaged in this sense.
func Walk(h *Hive) iter.Seq2[Entry, error] { return walk(h, true) }

// walk is Walk, without the values unless they are wanted.
func walk(h *Hive, values bool) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		w := walker{
			stored: int64(h.size), output: maxDumpGrowth*int64(h.size) + 1<<20, values: values, yield: yield,
		}
		root, err := h.Root()
		if err == nil {
			err = w.all(root)
		}
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

// maxDumpGrowth is how many times longer than the hive its dump may be; real hives stay below 3.
const maxDumpGrowth = 16

// walker is one walk. Its budgets keep a small file from costing much: stored bounds the bytes of values, which a sound
// hive holds once each, output the bytes of paths and names, a path once for every entry that has it.
type walker struct {
	met            frontier
	stored, output int64
	values         bool
	yield          func(Entry, error) bool
}

// all yields the root and all below it. A key's path sorts after its parent's, so the least of the keys that have been
// met and not yielded is the next of all.
func (w *walker) all(root Key) error {
	heap.Push(&w.met, metKey{key: root})
	for w.met.Len() > 0 {
		m := heap.Pop(&w.met).(metKey) // all that it holds
		if err := w.spend(&w.output, int64(len(m.printed))+lineOverhead, m.key); err != nil {
			return err
		}
		if !w.yield(Entry{Path: m.path, Key: m.key}, nil) {
			return nil
		}
		if w.values {
			if more, err := w.valuesOf(m); err != nil || !more {
				return err
			}
		}
		if err := w.meet(m); err != nil {
			return err
		}
	}
	return nil
}

// lineOverhead is how much an entry costs of the budget output beside its path and name, about what Dump writes of it.
const lineOverhead = 3

// meet adds the subkeys of a key to those that wait to be yielded.
func (w *walker) meet(m metKey) error {
	for sub, err := range m.key.Subkeys() {
		if err != nil {
			return fmt.Errorf("subkeys of %.200q: %w", m.printed, err)
		}
		name := sub.path.name
		if err := w.spend(&w.output, int64(len(m.path)+len(name)), sub); err != nil { // before the path is made
			return err
		}
		met := metKey{key: sub, path: m.path + `\` + name}
		met.printed = escaped(met.path)
		heap.Push(&w.met, met)
	}
	return nil
}

// valuesOf yields the values of a key, sorted. more is false when the caller has stopped.
func (w *walker) valuesOf(m metKey) (more bool, err error) {
	n, err := m.key.h.node(m.key.cell)
	if err != nil {
		return false, err
	}
	if err := w.spend(&w.stored, 4*int64(n.values), m.key); err != nil { // before the list is read
		return false, err
	}
	type named struct {
		name string
		v    Value
	}
	var all []named
	for v, err := range m.key.Values() {
		if err != nil {
			return false, fmt.Errorf("values of %.200q: %w", m.printed, err)
		}
		if err := w.spend(&w.stored, int64(v.size)+int64(len(v.name)), m.key); err != nil {
			return false, err
		}
		if err := w.spend(&w.output, int64(len(m.printed)+len(v.name))+valueOverhead, m.key); err != nil {
			return false, err
		}
		all = append(all, named{escaped(v.Name()), v})
	}
	slices.SortStableFunc(all, func(a, b named) int { return cmp.Compare(a.name, b.name) })
	for _, one := range all {
		if !w.yield(Entry{Path: m.path, Key: m.key, Value: one.v}, nil) {
			return false, nil
		}
	}
	return true, nil
}

// valueOverhead is lineOverhead for a value, whose line holds a digest.
const valueOverhead = 75

func (w *walker) spend(budget *int64, n int64, k Key) error {
	if *budget -= n; *budget < 0 {
		return corrupt(k.cell, "the keys hold more than the hive has room for")
	}
	return nil
}

// metKey is a key that waits to be yielded. printed is its path as Dump writes it, which is what keys are sorted by.
type metKey struct {
	key           Key
	path, printed string
}

// frontier is a heap of keys, the one whose path sorts first on top.
type frontier []metKey

func (f frontier) Len() int           { return len(f) }
func (f frontier) Less(i, j int) bool { return f[i].printed < f[j].printed }
func (f frontier) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *frontier) Push(x any)        { *f = append(*f, x.(metKey)) } // heap.Push above

func (f *frontier) Pop() any {
	last := len(*f) - 1
	m := (*f)[last]
	(*f)[last] = metKey{} // lets go of the path
	*f = (*f)[:last]
	return m
}

// escaped writes what acts on a terminal or reorders text as \xNN, or as \u{NNNN} from U+0100 on: control characters,
// format characters such as bidirectional marks, and the separators of lines and paragraphs.
func escaped(s string) string {
	acts := func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }
	if strings.IndexFunc(s, acts) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !acts(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02X`, r)
		default:
			fmt.Fprintf(&b, `\u{%04X}`, r)
		}
	}
	return b.String()
}
