package undojournal

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"
)

// sealed returns bytes that could be a journal, with the length and the checksum that let them pass.
func sealed(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) < smallestWhole {
		return b
	}
	copy(b, magic)
	binary.LittleEndian.PutUint64(b[16:], uint64(len(b)))
	body := b[:len(b)-crcSize]
	binary.LittleEndian.PutUint32(b[len(body):], crc32.Checksum(body, castagnoli()))
	return b
}

// FuzzRecover gives a hostile journal to recovery, and to a reader. Neither panics; what decodes encodes to the same bytes;
// and a journal that is refused leaves the file untouched.
func FuzzRecover(f *testing.F) {
	for _, at := range []int{4, 6, 8} {
		m := newMachine(plainTrial().old)
		m.fail, m.stays, m.failAt = errPower, true, at
		if _, err := Write(m.image, folder{m}, journalName, plainTrial().change, []byte("id")); err == nil {
			f.Fatal("not interrupted")
		}
		f.Add(m.journal.cache, m.image.cache, true)
	}
	f.Add([]byte(magic), []byte{}, false)
	f.Fuzz(func(t *testing.T, kept, image []byte, seal bool) {
		if seal {
			kept = sealed(kept)
		}
		if j, err := decode(kept); err == nil {
			again, err := j.encode()
			if err != nil || !bytes.Equal(again, kept) {
				t.Fatalf("another journal than was read (%v)", err)
			}
			if j.newSize > 1<<24 { // an image of that size would need that memory
				return
			}
		}
		m := newMachine(image)
		m.names, m.journal = []bool{true}, &medium{m: m, cache: kept, disk: kept}
		view, viewErr := View(m.image, folder{m}, journalName, nil)
		_, err := Recover(m.image, folder{m}, journalName, nil)
		if (err == nil) != (viewErr == nil) {
			t.Fatalf("recovery: %v; a reader: %v", err, viewErr)
		}
		if err != nil {
			if !bytes.Equal(m.image.cache, image) {
				t.Fatal("a refused journal has changed the file")
			}
			return
		}
		if size, err := view.Size(); err != nil || size != int64(len(m.image.cache)) {
			t.Fatalf("a reader saw %d bytes, and recovery left %d (%v)", size, len(m.image.cache), err)
		}
	})
}
