package ntfs

import (
	"errors"
	"fmt"
	"testing"
	"unicode"
)

// memory is a volume in memory.
type memory []byte

func (m memory) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(p)) > int64(len(m)) {
		return 0, errors.New("outside of the volume")
	}
	return copy(p, m[off:]), nil
}

// formatted is a small empty volume of our own making, for tests that need no other program. Its structures are those that every
// NTFS volume has, as far as this package looks at them; the checker of the lab accepts it.
type formatted struct {
	memory
	g    geometry
	next int64 // first cluster that is not laid out yet
}

// The places of metadata on a formatted volume, in bytes.
const (
	formatMFT     = 64 << 10
	formatRecords = 96
	formatID      = 0x100 // the one security id
)

// formatDescriptor is a descriptor with an owner and no ACL: SYSTEM.
func formatDescriptor() []byte {
	b := make([]byte, 32)
	b[0] = 1
	put16(b, 2, 0x8000)
	put32(b, 4, 20)
	copy(b[20:], []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0})
	return b
}

func format(t testing.TB, size, cluster, recordSize int64) *formatted {
	t.Helper()
	v := &formatted{memory: make(memory, size)}
	b := v.memory
	copy(b, "\xeb\x52\x90NTFS    ")
	put16(b, 11, sectorSize)
	b[13] = byte(cluster / sectorSize)
	put64(b, 40, uint64(size/sectorSize-1))
	put64(b, 48, uint64(formatMFT/cluster))
	put64(b, 56, uint64(formatMFT/cluster+(formatRecords*recordSize+cluster-1)/cluster))
	code := int8(0)
	for n := recordSize; n > 1; n /= 2 {
		code--
	}
	b[64], b[68] = byte(code), 1
	put64(b, 72, 0x1122334455667788)
	b[510], b[511] = 0x55, 0xaa
	g, err := readGeometry(b, size)
	if err != nil {
		t.Fatal(err)
	}
	v.g, v.next = g, formatMFT/cluster
	if err := v.layOut(); err != nil {
		t.Fatal(err)
	}
	return v
}

// clusters lays out n bytes of content behind what is there.
func (v *formatted) clusters(n int64, content []byte) []extent {
	e := extent{0, v.next, (n + v.g.cluster - 1) / v.g.cluster}
	v.next += e.n
	copy(v.memory[e.lcn*v.g.cluster:], content)
	return []extent{e}
}

// systemFile is a file that formatting makes.
type systemFile struct {
	name  string
	attrs [][]byte
	flags uint16
}

func (v *formatted) nonresident(typ uint32, name string, runs []extent, size int64) []byte {
	return nonresidentAttribute(typ, name, 0, 0, runs, size, size, v.g.cluster)
}

func (v *formatted) layOut() error {
	g := v.g
	mft := v.clusters(formatRecords*g.recordSize, nil)
	mirror := v.clusters(mirrored*g.recordSize, nil)
	ones := make([]byte, 64<<10)
	for i := range ones {
		ones[i] = 0xff
	}
	log := v.clusters(64<<10, ones)
	upcase := v.clusters(131072, upCaseTable())
	mftBits := make([]byte, 16)
	mftBits[0], mftBits[1] = 0xff, 0x0f // records 0 to 11
	recordBits := v.clusters(4096, mftBits)
	sds, sii := v.secure()
	rootBlock := v.clusters(4096, nil)
	bitmapSize := (g.clusters + 63) / 64 * 8
	bitmap := v.clusters(bitmapSize, nil)
	for i := range bitmapSize * 8 {
		if i < max(8192/g.cluster, 1) || i >= g.mftStart && i < v.next || i >= g.clusters {
			v.memory[bitmap[0].lcn*g.cluster+i/8] |= 1 << (i % 8)
		}
	}
	info := make([]byte, 12)
	info[8], info[9] = 3, 1
	value := func(typ uint32, b []byte) []byte { return residentAttribute(typ, "", 0, false, b) }
	data := func(runs []extent, size int64) []byte { return v.nonresident(typeData, "", runs, size) }
	files := []systemFile{
		{"$MFT", [][]byte{data(mft, formatRecords*g.recordSize), v.nonresident(typeBitmap, "", recordBits, 16)}, 0},
		{"$MFTMirr", [][]byte{data(mirror, mirrored*g.recordSize)}, 0},
		{"$LogFile", [][]byte{data(log, 64<<10)}, 0},
		{"$Volume", [][]byte{value(typeVolumeName, asciiUnits("test")), value(typeVolumeInformation, info)}, 0},
		{"$AttrDef", [][]byte{value(typeData, nil)}, 0},
		{".", v.rootIndex(rootBlock), flagDirectory},
		{"$Bitmap", [][]byte{data(bitmap, bitmapSize)}, 0},
		{"$Boot", [][]byte{data([]extent{{0, 0, max(8192/g.cluster, 1)}}, 8192)}, 0},
		{"$BadClus", [][]byte{value(typeData, nil)}, 0},
		{"$Secure", [][]byte{v.nonresident(typeData, "$SDS", sds, 64), sii}, 0},
		{"$UpCase", [][]byte{data(upcase, 131072)}, 0},
		{"$Extend", [][]byte{emptyIndex()}, flagDirectory},
	}
	names, err := v.writeRecords(files)
	if err != nil {
		return err
	}
	v.writeRoot(rootBlock, names)
	copy(v.memory[g.mirrorStart*g.cluster:], v.memory[formatMFT:formatMFT+mirrored*g.recordSize])
	return nil
}

func upCaseTable() []byte {
	b := make([]byte, 131072)
	for c := range 65536 {
		up := unicode.ToUpper(rune(c))
		if up > 0xffff || up < 0x80 && c >= 0x80 {
			up = rune(c)
		}
		put16(b, 2*c, uint16(up))
	}
	return b
}

// secure lays out $SDS, and returns its runs and the index $SII.
func (v *formatted) secure() ([]extent, []byte) {
	d := formatDescriptor()
	header := make([]byte, 20)
	put32(header, 0, descriptorHash(d))
	put32(header, 4, formatID)
	put32(header, 16, uint32(20+len(d)))
	e := make(entry, 40)
	put16(e, 0, 20)
	put16(e, 2, 20)
	put16(e, 8, 40)
	put16(e, 10, 4)
	put32(e, 16, formatID)
	copy(e[20:], header)
	return v.clusters(4096, append(header, d...)), indexRoot("$SII", 0, collateUlong, &node{first: nodeHeader, entries: []entry{e}})
}

func indexRoot(name string, typ, rule uint32, n *node) []byte {
	b := make([]byte, 16+n.size())
	put32(b, 0, typ)
	put32(b, 4, rule)
	put32(b, 8, 4096)
	b[12] = 1
	n.serialize(b[16:])
	return residentAttribute(typeIndexRoot, name, 0, false, b)
}

func emptyIndex() []byte {
	return indexRoot(fileIndex, typeFileName, collateFileName, &node{first: nodeHeader})
}

func (v *formatted) rootIndex(block []extent) [][]byte {
	return [][]byte{
		indexRoot(fileIndex, typeFileName, collateFileName, &node{first: nodeHeader, children: []int64{0}}),
		v.nonresident(typeIndexAllocation, fileIndex, block, 4096),
		residentAttribute(typeBitmap, fileIndex, 0, false, []byte{1, 0, 0, 0, 0, 0, 0, 0}),
	}
}

// writeRecords writes the records of the system files and of free ones, and returns the entries of the root.
func (v *formatted) writeRecords(files []systemFile) ([]entry, error) {
	blank := &record{b: make([]byte, v.g.recordSize)}
	put16(blank.b, offUSA, 0x30)
	var names []entry
	for n := range int64(formatRecords) {
		blank.number = uint64(n)
		put16(blank.b, offSequence, uint16(max(n, 1)))
		rec := newRecord(blank, 0)
		if n < int64(len(files)) {
			key, err := v.fillRecord(rec, files[n])
			if err != nil {
				return nil, err
			}
			names = append(names, nameEntry(rec.reference(), key))
		}
		protect(rec.b)
		copy(v.memory[formatMFT+n*v.g.recordSize:], rec.b)
	}
	return names, nil
}

func nameEntry(reference uint64, key []byte) entry {
	e := make(entry, align8(entryHeader+len(key)))
	put64(e, 0, reference)
	put16(e, 8, uint16(len(e)))
	put16(e, 10, uint16(len(key)))
	copy(e[entryHeader:], key)
	return e
}

func (v *formatted) fillRecord(rec *record, f systemFile) ([]byte, error) {
	put16(rec.b, offFlags, flagInUse|f.flags)
	put16(rec.b, offLinks, 1)
	std := make([]byte, longStandard)
	put32(std, 32, 6)
	put32(std, 52, formatID)
	key := make(fileName, nameHeader+2*len(f.name))
	put64(key, 0, recordRoot|recordRoot<<48)
	put32(key, 56, 6)
	if f.flags != 0 {
		put32(key, 56, 6|fileDirectoryCopy)
	}
	key[64], key[65] = byte(len(f.name)), spaceBoth
	copy(key[nameHeader:], asciiUnits(f.name))
	attrs := append([][]byte{
		residentAttribute(typeStandardInformation, "", 0, false, std),
		residentAttribute(typeFileName, "", 0, true, key),
	}, f.attrs...)
	for _, b := range attrs {
		put16(b, 14, rec.nextID())
		ok, err := rec.insert(&v.g, b)
		if err != nil || !ok {
			return nil, fmt.Errorf("%s does not fit its record: %w", f.name, err)
		}
	}
	return key, nil
}

func (v *formatted) writeRoot(block []extent, names []entry) {
	raw := make([]byte, 4096)
	copy(raw, "INDX")
	put16(raw, offUSA, 0x28)
	put16(raw, offUSA+2, 9)
	// In the order of names: upper-case letters only, "$" before ".".
	sorted := []int{4, 8, 6, 7, 11, 2, 0, 1, 9, 10, 3, 5}
	n := &node{first: 0x28}
	for _, i := range sorted {
		n.entries = append(n.entries, names[i])
	}
	n.serialize(raw[blockHeader:])
	protect(raw)
	copy(v.memory[block[0].lcn*v.g.cluster:], raw)
}

// apply carries a plan out in memory.
func (m memory) apply(p *Plan) {
	for _, f := range p.Fills {
		copy(m[f.Off:], f.Data)
	}
	for _, g := range p.Groups {
		for _, c := range g.Patches {
			copy(m[c.Off:], c.New)
		}
	}
}

// begin opens a volume in memory and a transaction on it.
func (m memory) begin(t testing.TB, o Options) *Tx {
	t.Helper()
	v, err := Open(m, int64(len(m)))
	if err != nil {
		t.Fatal(err)
	}
	o.Now = testTime()
	tx, err := v.Begin(o)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// populated is a formatted volume with directories and files of all forms.
func populated(t testing.TB, cluster, recordSize int64) memory {
	t.Helper()
	m := format(t, 4<<20, cluster, recordSize).memory
	tx := m.begin(t, Options{})
	like := CreateOptions{Like: "$Extend"}
	err := errors.Join(
		tx.Mkdir("Windows", like), tx.Mkdir("Windows/System32", like), tx.Mkdir("Windows/System32/config", like),
		tx.Create("Windows/System32/config/SYSTEM", noise(70_000, 1), like),
		tx.Create("Windows/System32/config/SAM", noise(9000, 2), like),
		tx.Create("hiberfil.sys", make([]byte, 5000), like),
	)
	for i := range 70 {
		err = errors.Join(err, tx.Create(fmt.Sprintf("Windows/System32/a long name %02d.dll", i*37%70), pattern(i*20, 3), like))
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := tx.Plan()
	if err != nil {
		t.Fatal(err)
	}
	m.apply(p)
	return m
}
