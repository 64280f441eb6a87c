package odj

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// FuzzParse feeds anything to Parse. Whatever it accepts must survive all text forms, must be the same when written
// again, and its non-secret side must work.
func FuzzParse(f *testing.F) {
	web := webBlob(f)
	full := encoded(f, fullTree(f))
	old := webTree(f)
	old.blobs = old.blobs[:1]
	for _, seed := range [][]byte{
		web.Bytes(), web.DjoinFile(), []byte(web.AccountData()), wrapped([]byte(web.AccountData()), 76, "\r\n"),
		full, full[:len(full)/2], encoded(f, old),
		{},
		{0xFF, 0xFE},
		[]byte("<unattend/>"),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		input := bytes.Clone(data)
		b, err := Parse(data)
		if !bytes.Equal(data, input) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if code, ok := winerr.CodeOf(err); !ok || code != 87 && code != 2719 || b != nil {
				t.Fatalf("%v, %v", b, err)
			}
			return
		}
		for _, form := range [][]byte{b.Bytes(), b.DjoinFile(), []byte(b.AccountData())} {
			again, err := Parse(form)
			if err != nil || again.Fingerprint() != b.Fingerprint() {
				t.Fatalf("%v, %v", again, err)
			}
		}
		canonical, err := Parse(encoded(t, &b.open().tree))
		if err != nil || canonical.Fingerprint() != b.Fingerprint() {
			t.Fatalf("written again: %v, %v", canonical, err)
		}
		out, err := json.Marshal(b)
		if err != nil || !json.Valid(out) || len(b.String()) == 0 {
			t.Fatalf("%s, %v", out, err)
		}
		b.Wipe()
	})
}
