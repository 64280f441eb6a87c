package regf

import (
	"bytes"
	"testing"
)

// TestApart replaces values, and keys, after Apart: wherever the primary file had one of the old values there are zeros or what
// was there before, at every step of the commit.
func TestApart(t *testing.T) {
	t.Parallel()
	for _, size := range []int{5, 600, 5000, 20000, 40000} {
		f := newTestHive(t, 5)
		h := reopen(t, f)
		old, next := bytes.Repeat([]byte("oldsecret"), size/9+1)[:size], bytes.Repeat([]byte{0xA5}, size)
		k, _, err := h.CreateKey(`Setup\Join`, testDescriptor)
		ok(t, err)
		ok(t, k.SetValue("Blob", Binary, old))
		ok(t, k.SetValue("Digest", SZ, TextData("the old digest")))
		_, err = h.Commit(CommitOptions{})
		ok(t, err)

		h = reopen(t, f)
		before := contentOf(t, f.Primary)
		h.Apart()
		k, err = h.Key(`Setup\Join`)
		ok(t, err)
		ok(t, k.SetValue("Blob", Binary, next))
		ok(t, k.SetValue("Digest", SZ, TextData("the new digest, which is longer")))
		ok(t, h.DeleteKey(`Setup\Join`))
		k, _, err = h.CreateKey(`Setup\Join`, testDescriptor)
		ok(t, err)
		ok(t, k.SetValue("Blob", Binary, next))
		_, err = h.Commit(CommitOptions{Scrub: true})
		ok(t, err)

		after, places := contentOf(t, f.Primary), 0
		for at := headerSize; at+4 <= len(before); at++ {
			if !bytes.Equal(before[at:at+4], []byte("olds")) {
				continue
			}
			places++
			for i := at; i < min(at+9, len(before)) && before[i] == "oldsecret"[i-at]; i++ {
				if after[i] != 0 {
					t.Fatalf("size %d: the byte at %#x of the old value is %#x", size, i, after[i])
				}
			}
		}
		if places == 0 {
			t.Errorf("size %d: the old value was nowhere: this test proves nothing", size)
		}
		h = reopen(t, f)
		k, err = h.Key(`Setup\Join`)
		ok(t, err)
		v, err := k.Value("Blob")
		ok(t, err)
		if data, err := v.Data(); err != nil || !bytes.Equal(data, next) {
			t.Errorf("size %d: %d bytes, %v", size, len(data), err)
		}
		if h.DataSize() > uint32(len(before))+uint32(3*size+4*pageSize) {
			t.Errorf("size %d: the hive grew to %d bytes", size, h.DataSize())
		}
	}
}

// contentOf returns all bytes of a file.
func contentOf(t *testing.T, f File) []byte {
	t.Helper()
	size, err := f.Size()
	ok(t, err)
	b := make([]byte, size)
	_, err = f.ReadAt(b, 0)
	ok(t, err)
	return b
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
