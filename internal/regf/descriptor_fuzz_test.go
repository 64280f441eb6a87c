package regf

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// FuzzDescriptor: whatever descriptor is accepted can be given to a key and is read back as it was.
func FuzzDescriptor(f *testing.F) {
	for _, sd := range descriptors(f) {
		f.Add(sd)
	}
	f.Fuzz(func(t *testing.T, sd []byte) {
		files := newTestHive(t, 5)
		h, err := Open(files)
		if err != nil {
			t.Fatal(err)
		}
		k, _, err := h.CreateKey(`A\B`, sd)
		if err != nil {
			if checkDescriptor(sd) == nil {
				t.Errorf("%x was refused: %v", sd, err)
			}
			return
		}
		if _, err := h.Commit(CommitOptions{}); err != nil {
			t.Fatal(err)
		}
		reopen(t, files)
		if got, err := k.Security(); err != nil || sd != nil && !bytes.Equal(got, sd) {
			t.Errorf("%x was read back as %x, %v", sd, got, err)
		}
	})
}

// FuzzDump: a dump is made of sorted lines of two or six fields, whatever the names are.
func FuzzDump(f *testing.F) {
	f.Add("Setup", "SetupType", []byte{2, 0, 0, 0})
	f.Add("a\tb\nc", "\x00\x1f\x7f", []byte(nil))
	f.Add("\xff\xfe", "日本", bytes.Repeat([]byte{1}, 20000))
	f.Fuzz(func(t *testing.T, key, name string, data []byte) {
		h, err := Open(newTestHive(t, 5))
		if err != nil {
			t.Fatal(err)
		}
		k, _, err := h.CreateKey(strings.Trim(key, `\`)+`\x`, nil)
		if err != nil {
			return
		}
		if err := k.SetValue(name, Binary, data); err != nil {
			return
		}
		text := dumpText(t, h)
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if !slices.IsSorted(lines) {
			t.Error("the lines are not sorted")
		}
		for _, l := range lines {
			if n := strings.Count(l, "\t"); n != 1 && l[0] == 'K' || n != 5 && l[0] == 'V' || l[0] != 'K' && l[0] != 'V' {
				t.Errorf("a line of %d fields: %q", n+1, l)
			}
		}
	})
}
