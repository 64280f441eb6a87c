package regf

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Dump writes the canonical logical content of a hive: one line "K<TAB>path" per key and one line
// "V<TAB>path<TAB>name<TAB>type<TAB>size<TAB>sha256 of the data" per value. The root has the empty path and every level
// adds `\name`; names are UTF-8 with characters below U+0020 written \xNN; lines are sorted by their bytes and end with LF.
// Values appear as digests, so a dump holds no data.
//
// A hive whose keys share values or data, as no sound one does, or whose dump would be out of all proportion, is an error.
func Dump(h *Hive, w io.Writer) error {
	root, err := h.Root()
	if err != nil {
		return err
	}
	d := dumper{stored: int64(h.size), output: maxDumpGrowth*int64(h.size) + 1<<20}
	if err := d.key(root, ""); err != nil {
		return err
	}
	slices.Sort(d.lines)
	out := bufio.NewWriter(w)
	for _, l := range d.lines {
		out.WriteString(l)
		out.WriteByte('\n')
	}
	return out.Flush()
}

// maxDumpGrowth is how many times longer than the hive its dump may be; real hives stay below 3.
const maxDumpGrowth = 16

// dumper collects the lines. Its budgets keep a small file from costing much: stored bounds the bytes of values, which a
// sound hive holds once each, output the bytes of lines.
type dumper struct {
	lines          []string
	stored, output int64
}

func (d *dumper) spend(budget *int64, n int64, k Key) error {
	if *budget -= n; *budget < 0 {
		return corrupt(k.cell, "the keys hold more than the hive has room for")
	}
	return nil
}

func (d *dumper) line(k Key, text string) error {
	d.lines = append(d.lines, text)
	return d.spend(&d.output, int64(len(text)+1), k)
}

func (d *dumper) key(k Key, path string) error {
	if err := d.line(k, "K\t"+path); err != nil {
		return err
	}
	if err := d.values(k, path); err != nil {
		return err
	}
	for sub, err := range k.Subkeys() {
		if err != nil {
			return fmt.Errorf("subkeys of %.200q: %w", path, err)
		}
		if err := d.key(sub, path+`\`+printable(sub.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (d *dumper) values(k Key, path string) error {
	n, err := k.h.node(k.cell)
	if err != nil {
		return err
	}
	if err := d.spend(&d.stored, 4*int64(n.values), k); err != nil { // before the list is read
		return err
	}
	for v, err := range k.Values() {
		if err != nil {
			return fmt.Errorf("values of %.200q: %w", path, err)
		}
		if err := d.spend(&d.stored, int64(v.size)+int64(len(v.name)), k); err != nil {
			return err
		}
		data, err := v.Data()
		if err != nil {
			return fmt.Errorf("value %.200q of %.200q: %w", v.Name(), path, err)
		}
		text := fmt.Sprintf("V\t%s\t%s\t%d\t%d\t%x",
			path, printable(v.Name()), uint32(v.Type()), v.Size(), sha256.Sum256(data))
		if err := d.line(k, text); err != nil {
			return err
		}
	}
	return nil
}

func printable(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r < 0x20 }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if r < 0x20 {
			fmt.Fprintf(&b, `\x%02X`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
