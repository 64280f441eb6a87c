package claims

import (
	"bytes"
	"testing"
)

// Whatever was read can be written and shown.
func FuzzRead(f *testing.F) {
	var buf bytes.Buffer
	if err := evidenceOf(Wine, "Wine 8.0", "", "2026-11-28", step("hive-loads", Failed)).Write(&buf); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := Read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		if err := e.Write(&buf); err != nil {
			t.Error(err)
		}
		_ = Page([]Evidence{e})
	})
}
