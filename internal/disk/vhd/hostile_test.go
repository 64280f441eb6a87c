package vhd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/imagetest"
)

// parts are the structures of a small dynamic VHD: what a test or the fuzzer damages.
type parts struct {
	foot, head, table, bitmap []byte
}

const (
	sampleBlock = 8 << 10
	sampleTable = footerSize + headerSize
	sampleData  = sampleTable + sectorSize // the bitmap of the block that is present
	sampleSize  = sampleData + sectorSize + sampleBlock + footerSize
)

// sample returns a disk of 20 KiB in blocks of 8 KiB. The second block is present, and of its sectors the first two and
// the last one.
func sample() parts {
	be := binary.BigEndian
	p := parts{make([]byte, 128), make([]byte, 64), bytes.Repeat([]byte{0xFF}, 12), []byte{0xC0, 0x01}}
	copy(p.foot, Magic)
	be.PutUint32(p.foot[footerVersion:], versionMajor<<16)
	be.PutUint64(p.foot[footerHeader:], footerSize)
	be.PutUint64(p.foot[footerSizeNow:], 20<<10)
	be.PutUint32(p.foot[footerType:], typeDynamic)
	copy(p.head, headerMagic)
	be.PutUint64(p.head[headerTable:], sampleTable)
	be.PutUint32(p.head[headerVersion:], versionMajor<<16)
	be.PutUint32(p.head[headerEntries:], 3)
	be.PutUint32(p.head[headerBlock:], sampleBlock)
	be.PutUint32(p.table[4:], sampleData/sectorSize)
	return p
}

// file puts the parts where they belong, with right checksums.
func (p parts) file() *imagetest.Sparse {
	seal := func(b []byte, n, at int) []byte {
		b = append(append([]byte(nil), b[:min(n, len(b))]...), make([]byte, max(0, n-len(b)))...)
		binary.BigEndian.PutUint32(b[at:], checksum(b, at))
		return b
	}
	return &imagetest.Sparse{Length: sampleSize, Pieces: map[int64][]byte{
		sampleSize - footerSize: seal(p.foot, footerSize, footerChecksum),
		footerSize:              seal(p.head, headerSize, headerChecksum),
		sampleTable:             p.table[:min(len(p.table), sectorSize)],
		sampleData:              p.bitmap[:min(len(p.bitmap), sectorSize)],
		sampleData + sectorSize: bytes.Repeat([]byte{'d'}, sampleBlock),
	}}
}

// TestBitmap: only sectors whose bits are set are read from the file, and can be overwritten.
func TestBitmap(t *testing.T) {
	t.Parallel()
	v, err := Open(sample().file(), sampleSize)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, 20<<10)
	for _, sector := range []int{16, 17, 31} {
		copy(want[sector*sectorSize:], bytes.Repeat([]byte{'d'}, sectorSize))
	}
	got := make([]byte, len(want))
	if _, err := v.ReadAt(got, 0); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the content (%v)", err)
	}
	for sector := range int64(40) {
		there := sector == 16 || sector == 17 || sector == 31
		if v.Room(sector*sectorSize, sectorSize) != there {
			t.Errorf("sector %d: room %v", sector, !there)
		}
		plan, err := v.Plan([]container.Write{{Off: sector*sectorSize + 100, Data: []byte("x")}})
		refused, ok := errors.AsType[*container.Refused](err)
		if there {
			at := int64(sampleData + sectorSize + 100 + (sector-16)*sectorSize)
			if err != nil || plan.Groups[0][0].Off != at || plan.Size != sampleSize {
				t.Errorf("sector %d: %+v (%v)", sector, plan, err)
			}
		} else if !ok || refused.Kind != container.NoRoom {
			t.Errorf("sector %d: error %v", sector, err)
		}
	}
	if !v.Room(16*sectorSize, 2*sectorSize) || v.Room(16*sectorSize, 2*sectorSize+1) {
		t.Error("room over two sectors")
	}
}

// TestDamage: each structure with a value that no disk has.
func TestDamage(t *testing.T) {
	t.Parallel()
	be := binary.BigEndian
	for name, tt := range map[string]struct {
		damage func(p *parts)
		kind   container.Kind
	}{
		"cookie":           {func(p *parts) { p.foot[0] = 'C' }, container.Truncated},
		"version":          {func(p *parts) { p.foot[footerVersion+1] = 2 }, container.Unsupported},
		"type":             {func(p *parts) { p.foot[footerType+3] = 6 }, container.Corrupt},
		"differencing":     {func(p *parts) { p.foot[footerType+3] = typeDifferencing }, container.Differencing},
		"saved state":      {func(p *parts) { p.foot[footerSaved] = 1 }, container.Unsupported},
		"size":             {func(p *parts) { be.PutUint64(p.foot[footerSizeNow:], 1<<63) }, container.Corrupt},
		"odd size":         {func(p *parts) { be.PutUint64(p.foot[footerSizeNow:], 1000) }, container.Corrupt},
		"huge":             {func(p *parts) { be.PutUint64(p.foot[footerSizeNow:], 2000<<30) }, container.Unsupported},
		"fixed, cut off":   {func(p *parts) { p.foot[footerType+3] = typeFixed }, container.Truncated},
		"header far away":  {func(p *parts) { be.PutUint64(p.foot[footerHeader:], 1<<62) }, container.Corrupt},
		"header cookie":    {func(p *parts) { p.head[0] = 'X' }, container.Corrupt},
		"header version":   {func(p *parts) { p.head[headerVersion+1] = 2 }, container.Unsupported},
		"table far away":   {func(p *parts) { be.PutUint64(p.head[headerTable:], 1<<63) }, container.Corrupt},
		"table short":      {func(p *parts) { p.head[headerEntries+3] = 2 }, container.Corrupt},
		"block size":       {func(p *parts) { be.PutUint32(p.head[headerBlock:], 9<<10) }, container.Corrupt},
		"block size 0":     {func(p *parts) { be.PutUint32(p.head[headerBlock:], 0) }, container.Corrupt},
		"block at 0":       {func(p *parts) { be.PutUint32(p.table, 0) }, container.Corrupt},
		"block over table": {func(p *parts) { be.PutUint32(p.table[4:], 3) }, container.Corrupt},
		"block twice":      {func(p *parts) { copy(p.table[8:], p.table[4:8]) }, container.Corrupt},
		"block behind end": {func(p *parts) { be.PutUint32(p.table[4:], sampleData/sectorSize+1) }, container.Truncated},
		"block far behind": {func(p *parts) { be.PutUint32(p.table[4:], unused-1) }, container.Truncated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := sample()
			tt.damage(&p)
			f := p.file()
			if name == "fixed, cut off" {
				binary.BigEndian.PutUint64(f.Pieces[sampleSize-footerSize][footerSizeNow:], 20<<10)
			}
			_, err := Open(f, sampleSize)
			if r, ok := errors.AsType[*container.Refused](err); !ok || r.Kind != tt.kind {
				t.Errorf("error %v, expected %q", err, tt.kind)
			}
		})
	}
	for name, at := range map[string]int64{"footer": sampleSize - footerSize, "header": footerSize} {
		f := sample().file()
		f.Pieces[at][100] ^= 1
		if _, err := Open(f, sampleSize); err == nil {
			t.Errorf("a wrong checksum of the %s was taken", name)
		}
	}
	if _, err := Open(sample().file(), 100); err == nil {
		t.Error("100 bytes were taken")
	}
}

// TestDamaged opens disks whose structures have some bytes changed, with right checksums. Nothing panics or takes much
// memory, and no plan leads out of the blocks. It is not parallel: all allocations of the process are counted.
func TestDamaged(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 13))
	opened, most := 0, uint64(0)
	runs := imagetest.Runs(t, 2000)
	for range runs {
		p := sample()
		imagetest.Damage([][]byte{p.foot, p.head, p.table, p.bitmap}, r)
		f := p.file()
		most = max(most, imagetest.Allocated(func() {
			if _, err := Open(f, f.Length); err == nil {
				opened++
			}
			use(t, f)
		}))
	}
	t.Logf("%d runs, %d opened, at most %d KiB allocated", runs, opened, most>>10)
	if opened == 0 || opened == runs || most > 64<<20 {
		t.Error("all were refused, none was, or one took too much memory")
	}
}

// FuzzOpen opens a hostile disk and reads and plans what it can. Nothing panics or takes much memory.
func FuzzOpen(f *testing.F) {
	p := sample()
	f.Add(p.foot, p.head, p.table, p.bitmap)
	p.foot[footerType+3] = typeFixed
	binary.BigEndian.PutUint64(p.foot[footerSizeNow:], 4096)
	f.Add(p.foot, p.head, p.table, p.bitmap)
	p = sample()
	binary.BigEndian.PutUint64(p.foot[footerSizeNow:], 1<<34)
	binary.BigEndian.PutUint32(p.head[headerEntries:], 1<<31)
	f.Add(p.foot, p.head, p.table, p.bitmap)
	f.Fuzz(func(t *testing.T, foot, head, table, bitmap []byte) {
		if cost := imagetest.Allocated(func() { use(t, parts{foot, head, table, bitmap}.file()) }); cost > 60<<20 {
			t.Errorf("%d MiB of memory", cost>>20)
		}
	})
}

func use(t *testing.T, f *imagetest.Sparse) {
	v, err := Open(f, f.Length)
	if err != nil {
		if err.Error() == "" {
			t.Error("an error without a word")
		}
		return
	}
	b := make([]byte, 4096)
	for off := int64(0); off < v.Size() && off < 1<<20; off += 5000 {
		n, err := v.ReadAt(b, off)
		if n < len(b) && err == nil || err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("%d bytes at %d: %v", n, off, err)
		}
		if !v.Room(off, 10) {
			continue
		}
		plan, err := v.Plan([]container.Write{{Off: off, Data: b[:10]}})
		if err != nil || len(plan.Groups) != 1 {
			t.Errorf("there is room at %d, but no plan: %v", off, err)
			continue
		}
		for _, piece := range plan.Groups[0] {
			if piece.Off < 0 || piece.Off+int64(len(piece.Data)) > f.Length-footerSize {
				t.Errorf("a piece at %d", piece.Off)
			}
		}
	}
}
