package vhdx

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/imagetest"
)

// parts are the structures of a small VHDX: what a test or the fuzzer damages.
type parts struct {
	head, regions, metadata, bat []byte
}

const (
	sampleLog      = 1 << 20
	sampleMetadata = 2 << 20
	sampleBAT      = 3 << 20
	sampleBlock    = 4 << 20
	sampleSize     = 6 << 20
)

// sample returns a dynamic disk of 3 MiB in blocks of 1 MiB, of which the first and the last are present.
func sample() parts {
	le := binary.LittleEndian
	p := parts{make([]byte, 80), make([]byte, 80), make([]byte, metadataTableSize+32), make([]byte, 24)}
	copy(p.head, "head")
	le.PutUint64(p.head[headerSequence:], 7)
	le.PutUint16(p.head[headerVersion:], formatVersion)
	le.PutUint32(p.head[headerLogLength:], 1<<20)
	le.PutUint64(p.head[headerLogOffset:], sampleLog)

	copy(p.regions, "regi")
	le.PutUint32(p.regions[8:], 2)
	for i, r := range []struct {
		id guid
		at uint64
	}{{regionBAT(), sampleBAT}, {regionMetadata(), sampleMetadata}} {
		e := p.regions[16+32*i:]
		copy(e, r.id[:])
		le.PutUint64(e[16:], r.at)
		le.PutUint32(e[24:], 1<<20)
		le.PutUint32(e[28:], 1)
	}

	copy(p.metadata, "metadata")
	le.PutUint16(p.metadata[10:], 3)
	for i, m := range []struct {
		id    guid
		n     uint32
		value uint64
	}{{itemFileParameters(), 8, 1 << 20}, {itemDiskSize(), 8, 3 << 20}, {itemLogicalSector(), 4, 512}} {
		e := p.metadata[32+32*i:]
		copy(e, m.id[:])
		le.PutUint32(e[16:], uint32(metadataTableSize+8*i))
		le.PutUint32(e[20:], m.n)
		le.PutUint32(e[24:], metadataRequired)
		le.PutUint64(p.metadata[metadataTableSize+8*i:], m.value)
	}
	le.PutUint64(p.bat, sampleBlock|statePresent)
	le.PutUint64(p.bat[16:], (sampleBlock+1<<20)|statePresent)
	return p
}

// file puts the parts where they belong, with right checksums.
func (p parts) file() *imagetest.Sparse {
	seal := func(b []byte, n int) []byte {
		b = append(append([]byte(nil), b[:min(n, len(b))]...), make([]byte, max(0, n-len(b)))...)
		binary.LittleEndian.PutUint32(b[4:], checksum(b))
		return b
	}
	return &imagetest.Sparse{Length: sampleSize, Pieces: map[int64][]byte{
		0:                []byte(Magic),
		headerAlign:      seal(p.head, headerSize),
		regionTableFirst: seal(p.regions, regionTableSize),
		sampleMetadata:   p.metadata[:min(len(p.metadata), 1<<20)],
		sampleBAT:        p.bat[:min(len(p.bat), 1<<20)],
		sampleBlock:      []byte("first block"),
	}}
}

func TestSample(t *testing.T) {
	t.Parallel()
	v, err := Open(sample().file(), sampleSize)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 11)
	if _, err := v.ReadAt(got, 0); err != nil || string(got) != "first block" || v.Size() != 3<<20 {
		t.Errorf("%q of %d bytes (%v)", got, v.Size(), err)
	}
	if !v.Room(0, 1<<20) || v.Room(1<<20, 1) || !v.Room(2<<20, 1<<20) || v.Room(0, 3<<20) {
		t.Error("the present blocks are the first and the last")
	}
}

// TestDamage: each structure with a value that no disk has.
func TestDamage(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	for name, tt := range map[string]struct {
		damage func(p *parts)
		kind   container.Kind
	}{
		"signature":         {func(p *parts) { p.head[0] = 'H' }, container.Corrupt},
		"version":           {func(p *parts) { p.head[headerVersion] = 2 }, container.Unsupported},
		"log in use":        {func(p *parts) { p.head[headerLogGUID+3] = 1 }, container.PendingLog},
		"log misplaced":     {func(p *parts) { p.head[headerLogOffset] = 1 }, container.Corrupt},
		"log over metadata": {func(p *parts) { le.PutUint64(p.head[headerLogOffset:], sampleMetadata) }, container.Corrupt},
		"many regions":      {func(p *parts) { le.PutUint32(p.regions[8:], 1<<31) }, container.Corrupt},
		"no table":          {func(p *parts) { le.PutUint32(p.regions[8:], 0) }, container.Corrupt},
		"region twice":      {func(p *parts) { copy(p.regions[48:], p.regions[16:32]) }, container.Corrupt},
		"required region":   {func(p *parts) { p.regions[16] ^= 1 }, container.Unsupported},
		"regions overlap":   {func(p *parts) { le.PutUint64(p.regions[32:], sampleMetadata) }, container.Corrupt},
		"region too far":    {func(p *parts) { le.PutUint64(p.regions[32:], 1<<62) }, container.Truncated},
		"region negative":   {func(p *parts) { le.PutUint64(p.regions[32:], 1<<63) }, container.Corrupt},
		"metadata table":    {func(p *parts) { p.metadata[0] = 'M' }, container.Corrupt},
		"required item":     {func(p *parts) { p.metadata[32] ^= 1 }, container.Unsupported},
		"item outside":      {func(p *parts) { le.PutUint32(p.metadata[48:], 1<<31) }, container.Corrupt},
		"item missing":      {func(p *parts) { p.metadata[10] = 2 }, container.Corrupt},
		"parent":            {func(p *parts) { p.metadata[metadataTableSize+4] = hasParent }, container.Differencing},
		"block size":        {func(p *parts) { le.PutUint32(p.metadata[metadataTableSize:], 3<<20) }, container.Corrupt},
		"disk size":         {func(p *parts) { le.PutUint64(p.metadata[metadataTableSize+8:], 1<<63) }, container.Corrupt},
		"many blocks":       {func(p *parts) { le.PutUint64(p.metadata[metadataTableSize+8:], 64<<40) }, container.Unsupported},
		"table too short":   {func(p *parts) { le.PutUint64(p.metadata[metadataTableSize+8:], 1<<38) }, container.Corrupt},
		"sector size":       {func(p *parts) { le.PutUint32(p.metadata[metadataTableSize+16:], 1024) }, container.Corrupt},
		"block state":       {func(p *parts) { p.bat[0] = 7 }, container.Corrupt},
		"block at 0":        {func(p *parts) { le.PutUint64(p.bat, statePresent) }, container.Corrupt},
		"block in metadata": {func(p *parts) { le.PutUint64(p.bat, sampleMetadata|statePresent) }, container.Corrupt},
		"block twice":       {func(p *parts) { copy(p.bat[16:], p.bat[:8]) }, container.Corrupt},
		"block too far":     {func(p *parts) { le.PutUint64(p.bat, sampleSize|statePresent) }, container.Truncated},
		"block far away":    {func(p *parts) { le.PutUint64(p.bat, 1<<63|statePresent) }, container.Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := sample()
			tt.damage(&p)
			_, err := Open(p.file(), sampleSize)
			if r, ok := errors.AsType[*container.Refused](err); !ok || r.Kind != tt.kind {
				t.Errorf("error %v, expected %q", err, tt.kind)
			}
		})
	}
}

// TestHeaders: the valid header with the higher number counts.
func TestHeaders(t *testing.T) {
	t.Parallel()
	f := sample().file()
	second := append([]byte(nil), f.Pieces[headerAlign]...)
	f.Pieces[2*headerAlign] = second
	if _, err := Open(f, sampleSize); err == nil {
		t.Error("two headers of one sequence number were taken")
	}
	binary.LittleEndian.PutUint64(second[headerSequence:], 8)
	second[headerLogGUID] = 1
	binary.LittleEndian.PutUint32(second[4:], checksum(second))
	if _, err := Open(f, sampleSize); err == nil {
		t.Error("the older header was taken")
	}
	second[4] ^= 1
	v, err := Open(f, sampleSize)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := v.Plan([]container.Write{{Data: []byte("x")}})
	if err != nil {
		t.Fatal(err)
	}
	if at := plan.Groups[0][0].Off; at != 2*headerAlign {
		t.Errorf("the header at %d is overwritten first", at)
	}
}

// TestDamaged opens disks whose structures have some bytes changed, with right checksums. Nothing panics or takes much
// memory, and no plan leads out of the blocks. It is not parallel: all allocations of the process are counted.
func TestDamaged(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 12))
	opened, most := 0, uint64(0)
	runs := imagetest.Runs(t, 2000)
	for range runs {
		p := sample()
		imagetest.Damage([][]byte{p.head, p.regions, p.metadata, p.bat}, r)
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
	f.Add(p.head, p.regions, p.metadata, p.bat)
	for _, damage := range []func(p *parts){
		func(p *parts) { binary.LittleEndian.PutUint64(p.metadata[metadataTableSize+8:], 1<<40) },
		func(p *parts) { copy(p.bat[16:], p.bat[:8]) },
		func(p *parts) { binary.LittleEndian.PutUint32(p.regions[8:], 3) },
	} {
		p := sample()
		damage(&p)
		f.Add(p.head, p.regions, p.metadata, p.bat)
	}
	f.Fuzz(func(t *testing.T, head, regions, metadata, bat []byte) {
		if len(metadata) > 1<<20 || len(bat) > 1<<20 {
			return
		}
		if cost := imagetest.Allocated(func() { use(t, parts{head, regions, metadata, bat}.file()) }); cost > 40<<20 {
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
	for _, off := range []int64{0, v.Size() / 2, max(0, v.Size()-100)} {
		n, err := v.ReadAt(b, off)
		if n < len(b) && err == nil {
			t.Errorf("%d bytes at %d without an error", n, off)
		}
		if !v.Room(off, 10) {
			continue
		}
		plan, err := v.Plan([]container.Write{{Off: off, Data: b[:10]}})
		if err != nil || len(plan.Groups) != 3 {
			t.Errorf("there is room at %d, but no plan: %v", off, err)
			continue
		}
		for _, piece := range plan.Groups[2] {
			if piece.Off < sectionSize || piece.Off+int64(len(piece.Data)) > f.Length {
				t.Errorf("a piece at %d", piece.Off)
			}
		}
	}
}
