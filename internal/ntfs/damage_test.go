package ntfs

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// damagedReader is a volume with some bytes changed, which counts what is read of it.
type damagedReader struct {
	base  io.ReaderAt
	edits []edit
	calls int
	bytes int64
}

type edit struct {
	off int64
	to  byte
}

func (d *damagedReader) ReadAt(p []byte, off int64) (int, error) {
	d.calls++
	d.bytes += int64(len(p))
	n, err := d.base.ReadAt(p, off)
	for _, e := range d.edits {
		if e.off >= off && e.off < off+int64(n) {
			p[e.off-off] = e.to
		}
	}
	return n, err
}

// What one run over a damaged volume may cost at most.
const (
	mostRead   = 64 << 20
	mostMemory = 64 << 20
)

// effort is how much of a volume is read and changed.
type effort struct{ files, changes int }

// exercise reads a volume that may be damaged and plans changes of every kind. Errors do not matter; panics, loops and changes
// that would destroy something do.
func exercise(t testing.TB, r *damagedReader, size int64, e effort) {
	t.Helper()
	v, err := Open(r, size)
	if err != nil {
		return
	}
	left := e.files
	readTree(v, "", 0, &left, make([]byte, 20_000))
	tx, err := v.Begin(Options{Now: testTime()})
	if err != nil {
		return
	}
	changeDamaged(tx, e.changes)
	p, err := tx.Plan()
	if err != nil {
		return
	}
	checkPlan(t, v, p)
}

func readTree(v *Volume, dir string, depth int, left *int, b []byte) {
	entries, err := v.ReadDir(dir)
	if err != nil || depth > 8 {
		return
	}
	for _, e := range entries {
		if *left--; *left < 0 {
			return
		}
		path := dir + "/" + e.Name
		if e.Directory {
			readTree(v, path, depth+1, left, b)
			continue
		}
		if f, err := v.Open(path); err == nil {
			_, _ = f.ReadAt(b, 0)
			_, _ = f.ReadAt(b[:512], e.Size-100)
		}
		if *left%16 == 0 {
			_, _ = v.SecurityDescriptor(path)
		}
	}
}

// damagedPaths are files of the volumes that are damaged.
func damagedPaths(tx *Tx) (files []string) {
	for _, dir := range []string{"", "Windows/System32", "Windows/System32/config", "test", "folder", "test_dir"} {
		entries, err := tx.ReadDir(dir)
		if err != nil {
			continue
		}
		for i, e := range entries {
			if !e.Directory && i < 40 && i%7 == 0 {
				files = append(files, dir+"/"+e.Name)
			}
		}
	}
	return files
}

func changeDamaged(tx *Tx, most int) {
	like := CreateOptions{Like: "$Extend"}
	_ = tx.Create("Windows/System32/odjboot.exe", pattern(20_000, 1), like)
	_ = tx.Create("new.xml", pattern(100, 2), like)
	_ = tx.Mkdir("new", like)
	_ = tx.Create("new/file.txt", pattern(3000, 1), CreateOptions{Like: "$Extend", Secret: true})
	paths := damagedPaths(tx)
	for i, path := range paths[:min(len(paths), most)] {
		_ = damageOne(tx, path, i)
	}
	for i := range min(most, 12) {
		_ = tx.Create(fmt.Sprintf("Windows/System32/a long name %02dx.dll", i*5), nil, like)
	}
	_ = tx.RemoveDir("new")
}

func damageOne(tx *Tx, path string, i int) error {
	switch i % 4 {
	case 0:
		return tx.Remove(path, RemoveOptions{})
	case 1:
		return tx.Replace(path, pattern(5000, 3), 0)
	case 2:
		return tx.Rename(path, "renamed.dll")
	}
	f, err := tx.Open(path)
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err != nil {
		return err
	}
	_, err = f.WriteAt(pattern(6000, 4), min(size, 1<<20))
	return errors.Join(err, f.Truncate(min(size/2, 1<<20)))
}

// checkPlan sees that a plan stays inside the volume and fills only what the volume calls free.
func checkPlan(t testing.TB, v *Volume, p *Plan) {
	t.Helper()
	bitmap, err := v.bitmap()
	if err != nil {
		return
	}
	for _, f := range p.Fills {
		for off := f.Off; off < f.Off+int64(len(f.Data)); off += v.cluster {
			var b [1]byte
			lcn := off / v.cluster
			if err := v.readStream(bitmap, b[:], lcn/8); err != nil || b[0]>>(lcn%8)&1 != 0 || lcn >= v.clusters {
				t.Errorf("a fill of cluster %d, which is in use (%v)", lcn, err)
			}
		}
	}
	for _, g := range p.Groups {
		end := int64(0)
		for _, c := range g.Patches {
			if c.Off < end || c.Off%sectorSize != 0 || c.Off+int64(len(c.New)) > v.bytes ||
				len(c.New)%sectorSize != 0 || !c.Wipe && len(c.Old) != len(c.New) {
				t.Errorf("a patch of %d bytes at %d", len(c.New), c.Off)
			}
			end = c.Off + int64(len(c.New))
		}
	}
}

// metadata returns the ranges of a sound volume that hold its structures.
func metadata(t testing.TB, r io.ReaderAt, size int64) []stretch {
	t.Helper()
	v, err := Open(r, size)
	if err != nil {
		t.Fatal(err)
	}
	all := []stretch{{0, sectorSize}}
	add := func(s *stream, most int64) {
		if s == nil || s.attr.resident {
			return
		}
		_ = v.ranges(s, 0, min(s.size, most), func(dev, _, n int64) error {
			if dev >= 0 {
				all = append(all, stretch{dev, n})
			}
			return nil
		})
	}
	for n := range v.recordCount() {
		i, err := v.inode(n)
		if err != nil {
			continue
		}
		for range 4 { // more often than by its length
			add(&stream{attr: v.mft.attr, runs: v.mft.runs, size: v.mft.size, allocated: v.mft.allocated}, 0)
		}
		if s, err := i.stream(typeIndexAllocation, fileIndex); err == nil {
			add(s, 1<<20)
		}
		if s, err := i.stream(typeAttributeList, ""); err == nil {
			add(s, 1<<20)
		}
		if n == recordBitmap || n == recordLogFile || n == recordMirror {
			s, _ := i.stream(typeData, "")
			add(s, 8192)
		}
		off := int64(n) * v.recordSize
		_ = v.ranges(v.mft, off, v.recordSize, func(dev, _, n int64) error {
			all = append(all, stretch{dev, min(n, 512)}, stretch{dev, min(n, 256)})
			return nil
		})
	}
	return all
}

// damage returns some random edits of the metadata. Numbers at the edge come more often than others.
func damage(rnd *rand.Rand, r io.ReaderAt, where []stretch) []edit {
	edits := make([]edit, 0, 8)
	for range 1 + rnd.IntN(6) {
		s := where[rnd.IntN(len(where))]
		off := s.off + rnd.Int64N(s.n)
		var b [1]byte
		_, _ = r.ReadAt(b[:], off)
		switch rnd.IntN(4) {
		case 0:
			b[0] ^= 1 << rnd.IntN(8)
		case 1:
			b[0] += byte(rnd.IntN(9)) - 4
		case 2:
			b[0] = []byte{0, 0xff, 0x7f, 0x80, 1, 8, 0x18}[rnd.IntN(7)]
		default:
			b[0] = byte(rnd.Uint32())
		}
		edits = append(edits, edit{off, b[0]})
	}
	return edits
}

// TestDamagedMetadata is not parallel: it measures memory. OFFLINEJOIN_LONG=1 makes it 40,000 runs, also over real volumes, and
// OFFLINEJOIN_RUNS another number.
func TestDamagedMetadata(t *testing.T) {
	runs := 600
	if long() {
		runs = 40_000
	}
	if n, err := strconv.Atoi(os.Getenv("OFFLINEJOIN_RUNS")); err == nil {
		runs = n
	}
	bases := map[string]memory{
		"own, clusters of 4096": populated(t, 4096, 1024),
		"own, clusters of 512":  populated(t, 512, 1024),
		"own, records of 4096":  populated(t, 4096, 4096),
	}
	if long() {
		for _, c := range corpus() {
			switch c.image {
			case "win-index.raw.gz", "winxp-dftt7.raw.gz", "win-8m-partition.raw.gz", "linux-ntfs3-attrlist.raw.gz",
				"win-ads-same-ids.raw.gz":
				b, err := os.ReadFile(diskOf(t, c.image))
				if err != nil {
					t.Fatal(err)
				}
				bases[c.image] = b[c.off:]
			}
		}
	}
	for name, m := range bases {
		t.Run(name, func(t *testing.T) { damageOften(t, m, runs/len(bases)) })
	}
}

func damageOften(t *testing.T, m memory, runs int) {
	t.Helper()
	where := metadata(t, m, int64(len(m)))
	rnd := rand.New(rand.NewPCG(uint64(runs), 3))
	var dearest time.Duration
	var most uint64
	opened, writable := 0, 0
	for i := range runs {
		r := &damagedReader{base: m, edits: damage(rnd, m, where)}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := cpuTime()
		exercise(t, r, int64(len(m)), effort{files: 150, changes: 100})
		dearest = max(dearest, cpuTime()-begin)
		runtime.ReadMemStats(&after)
		memory := after.TotalAlloc - before.TotalAlloc
		most = max(most, memory)
		if r.bytes > mostRead || memory > mostMemory || t.Failed() {
			t.Fatalf("run %d: %d bytes read, %d allocated, edits %v", i, r.bytes, memory, r.edits)
		}
		if v, err := Open(r, int64(len(m))); err == nil {
			opened++
			if v.Writable() == nil {
				writable++
			}
		}
	}
	t.Logf("%d runs: %d opened, %d writable; at most %v of CPU and %d KiB allocated in all",
		runs, opened, writable, dearest, most>>10)
}
