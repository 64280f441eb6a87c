package ntfs

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// fuzzPart is a structure on the small volume that is fuzzed: a FILE record, an INDX block, or bytes without a magic.
type fuzzPart struct {
	off, n int64
	magic  string // of a structure with an update sequence, else ""
}

// fuzzVolume is a sound volume of 1 MiB with one of everything that is parsed, and its structures.
type fuzzVolume struct {
	m     memory
	parts []fuzzPart
	mft   int64
}

// newFuzzVolume makes it: a directory of two levels, files that are resident, in runs, in pieces, compressed and listed, and a
// closed log.
func newFuzzVolume(t testing.TB) *fuzzVolume {
	t.Helper()
	const cluster = 512
	m := format(t, 1<<20, cluster, 1024).memory
	like := CreateOptions{Like: "$Extend"}
	m.commit(t, func(tx *Tx) error {
		err := errors.Join(
			tx.Mkdir("Windows", like), tx.Mkdir("Windows/System32", like), tx.Mkdir("Windows/System32/config", like),
			tx.Create("Windows/System32/config/SYSTEM", noise(20_000, 1), like),
			tx.Create("Windows/System32/config/SAM", noise(5000, 2), like),
			tx.Create("hiberfil.sys", make([]byte, 5000), like),
			tx.Create("listed", noise(3000, 4), like),
			tx.Create("packed", noise(8192, 5), like),
		)
		for i := range 36 {
			name := fmt.Sprintf("Windows/System32/a long name %02d.dll", i*7%36)
			err = errors.Join(err, tx.Create(name, pattern(i*20, 3), like))
		}
		return err
	})
	v := &fuzzVolume{m: m, mft: formatMFT}
	v.closeLog(t)
	v.list(t, "listed")
	v.pack(t, "packed")
	v.find(t)
	return v
}

func (v *fuzzVolume) open(t testing.TB) *Volume {
	t.Helper()
	opened, err := Open(v.m, int64(len(v.m)))
	if err == nil {
		err = opened.Writable()
	}
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// record returns a record of the volume as it is on disk; $MFT is in one piece.
func (v *fuzzVolume) record(n uint64) []byte { return v.m[v.mft+int64(n)*1024:][:1024] }

// closeLog puts the two restart pages of a volume that was dismounted into the log.
func (v *fuzzVolume) closeLog(t testing.TB) {
	t.Helper()
	opened := v.open(t)
	file, err := opened.inode(recordLogFile)
	if err != nil {
		t.Fatal(err)
	}
	s, err := file.stream(typeData, "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(2) {
		b := v.m[s.runs[0].lcn*opened.cluster+i*4096:][:4096]
		clear(b)
		copy(b, "RSTR")
		put16(b, offUSA, 0x1e)
		put16(b, offUSA+2, 9)
		put32(b, restartPageSize, 4096)
		put32(b, restartLogPage, 4096)
		put16(b, restartOffset, 0x30)
		area := b[0x30:]
		put64(area, areaLSN, uint64(100+i))
		put16(area, areaFlags, areaClean)
		put32(area, areaSequenceBits, 67-17) // a log of 64 KiB
		put16(area, areaLength, 0xe0)
		put16(area, areaClientArray, 0x40)
		put64(area, areaFileSize, 64<<10)
		protect(b)
	}
}

// extensionRecord is one that no file gets, as there are free ones behind it.
const extensionRecord = 63

// list moves the data of a file to an extension record, and gives the file an attribute list.
func (v *fuzzVolume) list(t testing.TB, path string) {
	t.Helper()
	opened := v.open(t)
	i, err := opened.lookup(path)
	if err != nil {
		t.Fatal(err)
	}
	const free = extensionRecord
	blank, err := parseRecord(free, bytes.Clone(v.record(free)))
	if err != nil || blank.inUse() {
		t.Fatal(free, err)
	}
	extension, base := newRecord(blank, flagInUse), i.clone()
	put64(extension.b, offBase, i.reference())
	data := i.first(typeData, "")
	var list []byte
	for _, a := range i.attrs {
		item := make([]byte, 32)
		put32(item, 0, a.typ)
		put16(item, 4, 32)
		item[7] = 26
		put64(item, 16, base.reference())
		put16(item, 24, a.id)
		if a == data {
			put64(item, 16, extension.reference())
			put16(item, 24, 0)
		}
		list = append(list, item...)
	}
	moved := bytes.Clone(data.in.b[data.off : data.off+data.len])
	put16(moved, 14, extension.nextID())
	ok, err := extension.insert(&opened.geometry, moved)
	base.splice(data.off, data.len, nil)
	ok2, err2 := base.insert(&opened.geometry, residentAttribute(typeAttributeList, "", base.nextID(), false, list))
	if !ok || !ok2 || errors.Join(err, err2) != nil {
		t.Fatal(ok, ok2, err, err2)
	}
	for _, r := range []*record{extension, base} {
		b := bytes.Clone(r.b)
		protect(b)
		copy(v.record(r.number), b)
	}
	bits := v.bits(t, recordMFT, typeBitmap)
	v.m[bits+free/8] |= 1 << (free % 8)
	wantContent(t, v.open(t), path, noise(3000, 4))
}

// bits returns where the bitmap of a system file begins.
func (v *fuzzVolume) bits(t testing.TB, number uint64, typ uint32) int64 {
	t.Helper()
	opened := v.open(t)
	file, err := opened.inode(number)
	if err != nil {
		t.Fatal(err)
	}
	s, err := file.stream(typ, "")
	if err != nil {
		t.Fatal(err)
	}
	return s.runs[0].lcn * opened.cluster
}

// pack makes a file one compression unit of 16 clusters that is stored in compressed form.
func (v *fuzzVolume) pack(t testing.TB, path string) {
	t.Helper()
	opened := v.open(t)
	i, err := opened.lookup(path)
	if err != nil {
		t.Fatal(err)
	}
	data, rec := i.first(typeData, ""), i.clone()
	b := bytes.Clone(rec.b[data.off : data.off+data.len])
	attr := append(bytes.Clone(b[:64]), make([]byte, 8+16)...)
	put32(attr, 4, uint32(len(attr)))
	put16(attr, 12, 1)
	put16(attr, 32, 72)
	attr[34] = 4
	put64(attr, 64, 512)
	put64(attr, 24, 15)
	first := data.runs[0].lcn
	copy(attr[72:], encodeRuns([]extent{{0, first, 1}, {1, hole, 15}}))
	if !rec.replace(data, attr) {
		t.Fatal("no room")
	}
	protect(rec.b)
	copy(v.record(i.number), rec.b)
	stored := v.m[first*opened.cluster:][:512]
	clear(stored)
	for at := 0; at < 2*6; at += 6 { // two chunks of 4 KiB: a byte and copies of it
		copy(stored[at:], []byte{0x03, 0xb0, 0x02, 'x', 0xfc, 0x0f})
	}
	bits := v.bits(t, recordBitmap, typeData)
	for lcn := first + 1; lcn < first+16; lcn++ {
		v.m[bits+lcn/8] &^= 1 << (lcn % 8)
	}
	wantContent(t, v.open(t), path, bytes.Repeat([]byte("x"), 8192))
}

// find lists the structures.
func (v *fuzzVolume) find(t testing.TB) {
	t.Helper()
	opened := v.open(t)
	v.parts = []fuzzPart{
		{0, 96, ""},
		{v.bits(t, recordMFT, typeBitmap), 16, ""},
		{v.bits(t, recordBitmap, typeData), 256, ""},
	}
	log := v.bits(t, recordLogFile, typeData)
	v.parts = append(v.parts, fuzzPart{log, 4096, "RSTR"}, fuzzPart{log + 4096, 4096, "RSTR"})
	for _, path := range []string{
		"$MFT", "$MFTMirr", "$LogFile", "$Volume", "$Bitmap", "$Secure", "$UpCase", "$Extend", "", "Windows", "Windows/System32",
		"Windows/System32/config", "Windows/System32/config/SYSTEM", "Windows/System32/config/SAM", "hiberfil.sys", "listed",
		"packed", "Windows/System32/a long name 07.dll",
	} {
		i, err := opened.lookup(path)
		if err != nil {
			t.Fatal(err)
		}
		v.parts = append(v.parts, fuzzPart{v.mft + int64(i.number)*1024, 1024, "FILE"})
		blocks, err := i.stream(typeIndexAllocation, fileIndex)
		if err != nil {
			t.Fatal(err)
		}
		if blocks == nil {
			continue
		}
		for off := int64(0); off < blocks.size; off += 4096 {
			if err := opened.ranges(blocks, off, 4096, func(dev, _, n int64) error {
				if n == 4096 {
					v.parts = append(v.parts, fuzzPart{dev, n, "INDX"})
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	v.parts = append(v.parts, fuzzPart{v.mft + extensionRecord*1024, 1024, "FILE"})
	for _, magic := range []string{"FILE", "INDX", "RSTR"} {
		for _, p := range v.of(magic) {
			if string(v.m[p.off:p.off+4]) != magic {
				t.Fatalf("no %s at %d", magic, p.off)
			}
		}
	}
}

func (v *fuzzVolume) of(magic string) (some []fuzzPart) {
	for _, p := range v.parts {
		if p.magic == magic {
			some = append(some, p)
		}
	}
	return some
}

// content returns a part as the package sees it, without update sequence.
func (v *fuzzVolume) content(p fuzzPart) []byte {
	b := bytes.Clone(v.m[p.off : p.off+p.n])
	if p.magic != "" {
		_ = unprotect(b, p.magic) // find has seen that it is one
	}
	return b
}

// spoil puts other content into a part: the update sequence is made to fit, where the header still has it in its place, so
// that what is fuzzed is not the checksum. The first four records are copied to $MFTMirr.
func (v *fuzzVolume) spoil(over overlay, p fuzzPart, b []byte) {
	usa, count := int(u16(b, offUSA)), int(u16(b, offUSA+2))
	if p.magic != "" && usa%2 == 0 && usa >= 8 && count == len(b)/sectorSize+1 && usa+2*count <= sectorSize-2 {
		protect(b)
	}
	whole := bytes.Clone(v.m[p.off/sectorSize*sectorSize:][:max(p.n, sectorSize)])
	copy(whole[p.off%sectorSize:], b)
	over.write(p.off/sectorSize*sectorSize, whole, 0)
	if n := (p.off - v.mft) / 1024; p.magic == "FILE" && n < mirrored {
		at := v.mft + (formatRecords+n)*1024 // $MFTMirr is behind $MFT
		over.write(at, whole, 0)
	}
}

// try exercises the volume with some parts spoiled.
func (v *fuzzVolume) try(t *testing.T, over overlay) {
	t.Helper()
	r := &damagedReader{base: &view{base: v.m, over: over}}
	exercise(t, r, int64(len(v.m)), effort{files: 10, changes: 3})
	if r.bytes > mostRead {
		t.Errorf("%d bytes read", r.bytes)
	}
}

// FuzzVolume takes its input as edits of structures: which one, two bytes of place, and a value.
func FuzzVolume(f *testing.F) {
	v := newFuzzVolume(f)
	for i, p := range v.parts {
		for off := 0; off < int(p.n); off += 397 {
			f.Add([]byte{byte(i), byte(off), byte(off >> 8), 0xff})
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		edited := map[fuzzPart][]byte{}
		for ; len(b) >= 4 && len(edited) < 8; b = b[4:] {
			p := v.parts[int(b[0])%len(v.parts)]
			if edited[p] == nil {
				edited[p] = v.content(p)
			}
			edited[p][int(u16(b, 1))%len(edited[p])] = b[3]
		}
		over := overlay{}
		for _, p := range v.parts { // in one order, as some share a sector
			if c := edited[p]; c != nil {
				v.spoil(over, p, c)
			}
		}
		v.try(t, over)
	})
}

// FuzzRecord puts its input in the place of the attributes of one of the FILE records. The header is made to fit.
func FuzzRecord(f *testing.F) {
	v := newFuzzVolume(f)
	records := v.of("FILE")
	attributes := func(p fuzzPart) []byte {
		b := v.content(p)
		return b[u16(b, offAttributes) : u32(b, offUsed)-8]
	}
	for i, p := range records {
		f.Add(byte(i), attributes(p))
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		p := records[int(which)%len(records)]
		rec := v.content(p)
		at := int(u16(rec, offAttributes))
		b = b[:min(len(b), len(rec)-at-8)&^7]
		clear(rec[at:])
		copy(rec[at:], b)
		put32(rec, at+len(b), endOfAttrs)
		put32(rec, offUsed, uint32(at+len(b)+8))
		over := overlay{}
		v.spoil(over, p, rec)
		v.try(t, over)
	})
}

// FuzzIndexBlock puts its input in the place of the entries of one of the INDX blocks. The header is made to fit.
func FuzzIndexBlock(f *testing.F) {
	v := newFuzzVolume(f)
	blocks := v.of("INDX")
	for i, p := range blocks {
		b := v.content(p)[blockHeader:]
		f.Add(byte(i), byte(0), b[u32(b, 0):u32(b, 4)])
	}
	f.Fuzz(func(t *testing.T, which, branch byte, b []byte) {
		p := blocks[int(which)%len(blocks)]
		c := v.content(p)
		node := c[blockHeader:]
		first := int(u32(node, 0))
		b = b[:min(len(b), len(node)-first)]
		clear(node[first:])
		copy(node[first:], b)
		put32(node, 4, uint32(first+len(b)))
		node[12] = branch & 1
		over := overlay{}
		v.spoil(over, p, c)
		v.try(t, over)
	})
}

// FuzzRuns checks that whatever is decoded is encoded to something that decodes alike.
func FuzzRuns(f *testing.F) {
	f.Add([]byte{0x21, 0x18, 0x34, 0x56, 0x01, 0x10, 0x11, 0x04, 0xf0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		runs, err := decodeRuns(b, 0, 1<<40)
		if err != nil {
			return
		}
		again, err := decodeRuns(encodeRuns(runs), 0, 1<<40)
		if err != nil || !slices.Equal(again, runs) {
			t.Errorf("%v, %v, %v", runs, again, err)
		}
	})
}

// FuzzDecompress has LZNT1 expanded into less and more room than it takes.
func FuzzDecompress(f *testing.F) {
	f.Add([]byte{0x0b, 0xb0, 0x10, 'F', '#', ' ', 'a', 'b', 0x01, 0x00, 'c', 'd', 'e', 'f', 0, 0})
	whole, part := make([]byte, 65536), make([]byte, 100)
	f.Fuzz(func(_ *testing.T, b []byte) {
		_ = decompress(whole, b)
		_ = decompress(part, b)
	})
}
