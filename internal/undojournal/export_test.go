package undojournal

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// Restorable returns the sectors, as their bounds, whose old bytes a journal holds without a gap; nil when it is not whole.
func Restorable(kept []byte) (bounds [][2]int64) {
	j, err := decode(kept)
	if err != nil {
		return nil
	}
	for i := range j.sectors {
		if s := &j.sectors[i]; s.old != nil && len(j.secretIn(s)) == 0 {
			bounds = append(bounds, [2]int64{s.off, s.end()})
		}
	}
	return bounds
}

// Recode decodes a journal and encodes it again. It also returns the size of the file after the change.
func Recode(kept []byte) (again []byte, newSize int64, err error) {
	j, err := decode(kept)
	if err != nil {
		return nil, 0, err
	}
	again, err = j.encode()
	return again, j.newSize, err
}

// Seal returns bytes that could be a journal, with the length and the checksum that let them pass.
func Seal(b []byte) []byte {
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

// Magic begins a journal.
const Magic = magic
