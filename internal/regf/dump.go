package regf

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
)

// HiddenDigest stands in place of a digest that is not shown.
const HiddenDigest = "secret"

// DumpOptions change what a dump shows.
type DumpOptions struct {
	// Hidden reports whether HiddenDigest stands in place of a value's digest. Nil: of none.
	Hidden func(Entry) bool
}

// Dump writes the canonical logical content of a hive: one line "K<TAB>path" per key and one line
// "V<TAB>path<TAB>name<TAB>type<TAB>size<TAB>sha256 of the data" per value. The root has the empty path and every level
// adds `\name`; names are UTF-8 with control, format and separator characters written \xNN, or \u{NNNN} from
// U+0100 on; lines are sorted by their bytes and end with LF.
// Values appear as digests, so a dump holds no data.
//
// The hive is read whole before the first line is written, so that a damaged one, whose error is that of [Walk], has no
// dump; it is read anew for the lines of keys and for those of values, so that a dump of any size takes little memory.
func Dump(h *Hive, w io.Writer) error { return DumpOptions{}.Dump(h, w) }

// Dump is the function [Dump] with options.
func (o DumpOptions) Dump(h *Hive, w io.Writer) error {
	if err := Readable(h); err != nil {
		return err
	}
	d := dumper{out: bufio.NewWriter(w), hidden: o.Hidden}
	for e, err := range walk(h, false) {
		if err == nil {
			_, err = fmt.Fprintf(d.out, "K\t%s\n", escaped(e.Path))
		}
		if err != nil {
			return err
		}
	}
	for e, err := range Walk(h) {
		if err == nil {
			err = d.entry(e)
		}
		if err != nil {
			return err
		}
	}
	if err := d.flush(); err != nil {
		return err
	}
	return d.out.Flush()
}

// Readable reads all of a hive that Walk yields, and the data of its values. It returns nil when nothing is in the way
// of a reader; that the hive is sound in every other respect, [Check] verifies.
func Readable(h *Hive) error {
	for e, err := range Walk(h) {
		if err == nil && !e.IsKey() {
			_, err = e.data()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// data returns the data of a value. Its errors name the value.
func (e Entry) data() ([]byte, error) {
	data, err := e.Value.Data()
	if err != nil {
		return nil, fmt.Errorf("value %.200q of %.200q: %w", e.Value.Name(), escaped(e.Path), err)
	}
	return data, nil
}

// Digest returns the SHA-256 of a value's data in hexadecimal digits.
func (e Entry) Digest() (string, error) {
	data, err := e.data()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(data)), nil
}

// dumper writes the lines of values. Those of one path are held and sorted, for names that differ may be written alike.
type dumper struct {
	out    *bufio.Writer
	hidden func(Entry) bool
	path   string
	lines  []string
}

func (d *dumper) entry(e Entry) error {
	path := escaped(e.Path)
	if path != d.path {
		if err := d.flush(); err != nil {
			return err
		}
		d.path = path
	}
	if e.IsKey() {
		return nil
	}
	digest := HiddenDigest
	if d.hidden == nil || !d.hidden(e) {
		var err error
		if digest, err = e.Digest(); err != nil {
			return err
		}
	}
	v := e.Value
	d.lines = append(d.lines, fmt.Sprintf("V\t%s\t%s\t%d\t%d\t%s\n",
		path, escaped(v.Name()), uint32(v.Type()), v.Size(), digest))
	return nil
}

// flush writes the lines of the path.
func (d *dumper) flush() error {
	slices.Sort(d.lines)
	for _, l := range d.lines {
		if _, err := d.out.WriteString(l); err != nil {
			return err
		}
	}
	d.lines = d.lines[:0]
	return nil
}
