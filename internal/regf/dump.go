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
func Dump(h *Hive, w io.Writer) error {
	root, err := h.Root()
	if err != nil {
		return err
	}
	var lines []string
	if err := dumpKey(root, "", &lines); err != nil {
		return err
	}
	slices.Sort(lines)
	out := bufio.NewWriter(w)
	for _, l := range lines {
		out.WriteString(l)
		out.WriteByte('\n')
	}
	return out.Flush()
}

func dumpKey(k Key, path string, lines *[]string) error {
	*lines = append(*lines, "K\t"+path)
	for v, err := range k.Values() {
		if err != nil {
			return fmt.Errorf("values of %q: %w", path, err)
		}
		data, err := v.Data()
		if err != nil {
			return fmt.Errorf("value %q of %q: %w", v.Name(), path, err)
		}
		*lines = append(*lines, fmt.Sprintf("V\t%s\t%s\t%d\t%d\t%x",
			path, printable(v.Name()), uint32(v.Type()), v.Size(), sha256.Sum256(data)))
	}
	for sub, err := range k.Subkeys() {
		if err != nil {
			return fmt.Errorf("subkeys of %q: %w", path, err)
		}
		if err := dumpKey(sub, path+`\`+printable(sub.Name()), lines); err != nil {
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
