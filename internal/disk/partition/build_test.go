package partition_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"unicode/utf16"
)

// entry is a partition of a disk that a test makes.
type entry struct {
	kind        string // 16 bytes of a GPT type, or one byte of an MBR
	first, last int64  // sectors
	attributes  uint64
	name        string
}

const (
	basicData = "\xa2\xa0\xd0\xeb\xe5\xb9\x33\x44\x87\xc0\x68\xb6\xb7\x26\x99\xc7"
	reserved  = "\x16\xe3\xc9\xe3\x5c\x0b\xb8\x4d\x81\x7d\xf9\x2d\xf0\x02\x15\xae"
	efi       = "\x28\x73\x2a\xc1\x1f\xf8\xd2\x11\xba\x4b\x00\xa0\xc9\x3e\xc9\x3b"
	recovery  = "\xa4\xbb\x94\xde\xd1\x06\x40\x4d\xa1\x6a\xbf\xd5\x01\x79\xd6\xac"
	spaces    = "\x8f\xaf\x5c\xe7\x80\xf6\xee\x4c\xaf\xa3\xb0\x01\xe5\x6e\xfc\x2d"
	ldmData   = "\xa0\x60\x9b\xaf\x31\x14\x62\x4f\xbc\x68\x33\x11\x71\x4a\x69\xad"
	ldmMeta   = "\xaa\xc8\x08\x58\x8f\x7e\xe0\x42\x85\xd2\xe1\xe9\x04\x34\xcf\xb3"
)

// gptDisk makes a disk with both copies of a table.
func gptDisk(sectors, sector int64, entries ...entry) []byte {
	b := make([]byte, sectors*sector)
	b[446+4], b[510], b[511] = 0xee, 0x55, 0xaa
	binary.LittleEndian.PutUint32(b[446+8:], 1)
	binary.LittleEndian.PutUint32(b[446+12:], uint32(sectors-1))
	table := make([]byte, 128*128)
	for i, e := range entries {
		t := table[i*128:]
		copy(t, e.kind)
		copy(t[16:], bytes.Repeat([]byte{byte(i + 1)}, 16))
		binary.LittleEndian.PutUint64(t[32:], uint64(e.first))
		binary.LittleEndian.PutUint64(t[40:], uint64(e.last))
		binary.LittleEndian.PutUint64(t[48:], e.attributes)
		for j, u := range utf16.Encode([]rune(e.name)) {
			binary.LittleEndian.PutUint16(t[56+2*j:], u)
		}
	}
	length := int64(len(table)) / sector
	copy(b[2*sector:], table)
	copy(b[(sectors-1-length)*sector:], table)
	copy(b[sector:], gptHeader(1, sectors-1, 2, length, sectors, table))
	copy(b[(sectors-1)*sector:], gptHeader(sectors-1, 1, sectors-1-length, length, sectors, table))
	return b
}

func gptHeader(my, other, table, length, sectors int64, entries []byte) []byte {
	h := make([]byte, 92)
	le := binary.LittleEndian
	copy(h, "EFI PART")
	le.PutUint32(h[8:], 0x10000)
	le.PutUint32(h[12:], 92)
	le.PutUint64(h[24:], uint64(my))
	le.PutUint64(h[32:], uint64(other))
	le.PutUint64(h[40:], uint64(2+length))
	le.PutUint64(h[48:], uint64(sectors-2-length))
	copy(h[56:], "0123456789abcdef")
	le.PutUint64(h[72:], uint64(table))
	le.PutUint32(h[80:], 128)
	le.PutUint32(h[84:], 128)
	le.PutUint32(h[88:], crc32.ChecksumIEEE(entries))
	le.PutUint32(h[16:], crc32.ChecksumIEEE(h))
	return h
}

// reseal makes the checksum of a header right again.
func reseal(h []byte) {
	binary.LittleEndian.PutUint32(h[16:], 0)
	binary.LittleEndian.PutUint32(h[16:], crc32.ChecksumIEEE(h[:92]))
}

// bootRecord writes an MBR or the record of a logical drive into a sector.
func bootRecord(b []byte, entries ...entry) {
	b[510], b[511] = 0x55, 0xaa
	for i, e := range entries {
		t := b[446+16*i:]
		t[0], t[4] = byte(e.attributes), e.kind[0]
		binary.LittleEndian.PutUint32(t[8:], uint32(e.first))
		binary.LittleEndian.PutUint32(t[12:], uint32(e.last-e.first+1))
	}
}

// mbrDisk makes a disk with primary partitions, of which the third is extended and holds two logical drives.
func mbrDisk() []byte {
	b := make([]byte, 4000*512)
	binary.LittleEndian.PutUint32(b[440:], 0x12345678)
	bootRecord(b, entry{"\x07", 63, 999, 0x80, ""}, entry{"\x27", 1000, 1099, 0, ""}, entry{"\x0f", 2000, 3999, 0, ""})
	bootRecord(b[2000*512:], entry{"\x07", 63, 500, 0, ""}, entry{"\x05", 1000, 1500, 0, ""})
	bootRecord(b[3000*512:], entry{"\x42", 63, 500, 0, ""})
	return b
}
