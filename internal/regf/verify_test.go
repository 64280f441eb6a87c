package regf

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestVerifyAgreesWithCheckOnRealHives asks both of every hive of the corpus. What Windows wrote must pass.
func TestVerifyAgreesWithCheckOnRealHives(t *testing.T) {
	t.Parallel()
	dir, hives := corpus(t)
	for _, want := range hives {
		t.Run(want.name, func(t *testing.T) {
			t.Parallel()
			f := load(t, dir, want.name)
			h, err := Open(f)
			if errors.Is(err, ErrUnrecoverable) {
				f.AsIs = true
				h, err = Open(f)
			}
			if err != nil {
				t.Skipf("cannot be opened, so that nothing is left to verify: %v", err)
			}
			verified, found := h.Verify(), damage(h)
			if (verified != nil) != (len(found) > 0) {
				t.Errorf("verify: %v; check: %v", verified, found)
			}
			if verified != nil && !errors.Is(verified, ErrCorrupt) {
				t.Errorf("verify: %v is no damage", verified)
			}
			if !want.refusedByPeer && verified != nil {
				t.Errorf("verify refuses what other readers read: %v", verified)
			}
		})
	}
}

// grown returns a hive with keys of one list and of many leaves, classes, values of every size, and shared and own
// descriptors.
func grown(t testing.TB) (Files, *Hive) {
	t.Helper()
	f := Files{Primary: NewMemFile(nil), Log1: NewMemFile(nil)}
	if err := Create(f.Primary, CreateOptions{Security: testDescriptor}); err != nil {
		t.Fatal(err)
	}
	h, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		k, _, err := h.CreateKey(fmt.Sprintf(`Services\Service %d\Parameters`, i), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []struct {
			name string
			size int
		}{{"Start", 4}, {"ImagePath", 60}, {"Длинное имя", 700}, {"", 0}, {"Blob", 20000 * (i / 39)}} {
			if err := k.SetValue(v.name, Binary, make([]byte, v.size)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	return f, h
}

// TestVerifyFindsWhatCheckFinds damages one hive in a thousand places, one at a time.
func TestVerifyFindsWhatCheckFinds(t *testing.T) {
	t.Parallel()
	f, h := grown(t)
	if err := h.Verify(); err != nil {
		t.Fatal(err)
	}
	sound := f.Primary.(*MemFile).Bytes()
	r := rand.New(rand.NewPCG(13, 16))
	refused := 0
	for range 1000 {
		b := slices.Clone(sound)
		at := headerSize + r.IntN(len(b)-headerSize)&^3
		was := le.Uint32(b[at:])
		switch r.IntN(4) {
		case 0:
			le.PutUint32(b[at:], was^1<<r.IntN(32))
		case 1:
			le.PutUint32(b[at:], was+8)
		case 2:
			le.PutUint32(b[at:], uint32(r.IntN(len(b)))&^7)
		case 3:
			le.PutUint32(b[at:], 0x7FFFFFFF)
		}
		damaged, err := Open(Files{Primary: NewMemFile(b)})
		if err != nil {
			continue
		}
		verified, found := damaged.Verify(), damage(damaged)
		if (verified != nil) != (len(found) > 0) {
			t.Errorf("0x%x, %x for %x: verify: %v; check: %v", at, le.Uint32(b[at:]), was, verified, found)
		}
		if verified != nil {
			refused++
		}
	}
	if refused < 50 {
		t.Errorf("only %d of 1000 are damaged: nothing is shown", refused)
	}
}

// TestVerifyNamesDamage makes the damages that users met, each in a place that no join would touch.
func TestVerifyNamesDamage(t *testing.T) {
	t.Parallel()
	far := func(t *testing.T, h *Hive) Key {
		t.Helper()
		k, err := h.Key(`Services\Service 7\Parameters`)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	nodeOf := func(t *testing.T, k Key) *node {
		t.Helper()
		n, err := k.h.node(k.cell)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, c := range []struct {
		name  string
		place func(t *testing.T, h *Hive) uint32 // relative offset of four bytes
		value uint32
	}{
		{"first cell of a bin", func(_ *testing.T, h *Hive) uint32 { return h.bins[len(h.bins)-1].rel + binHeader }, 0x7FFFFFFF},
		{"security record in free space", func(t *testing.T, h *Hive) uint32 { return nodeOf(t, far(t, h)).rel + nkSecurity }, 0x5008},
		{"value list elsewhere", func(t *testing.T, h *Hive) uint32 { return nodeOf(t, far(t, h)).rel + nkValueList }, 0x28},
		{"parent elsewhere", func(t *testing.T, h *Hive) uint32 { return nodeOf(t, far(t, h)).rel + nkParent }, 0x20},
		{"more subkeys than listed", func(t *testing.T, h *Hive) uint32 { return nodeOf(t, far(t, h)).rel + nkSubkeys }, 1},
		{"data beyond its cell", func(t *testing.T, h *Hive) uint32 {
			v, err := far(t, h).Value("ImagePath")
			if err != nil {
				t.Fatal(err)
			}
			return v.rel + vkDataSize
		}, 800},
		{"bin without a header", func(_ *testing.T, h *Hive) uint32 { return h.bins[len(h.bins)-1].rel }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, h := grown(t)
			if err := h.Verify(); err != nil {
				t.Fatal(err)
			}
			at := c.place(t, h)
			if _, err := f.Primary.WriteAt(le.AppendUint32(nil, c.value), headerSize+int64(at)); err != nil {
				t.Fatal(err)
			}
			damaged, err := Open(f)
			if err != nil {
				t.Fatal(err)
			}
			err = damaged.Verify()
			if damage, ok := errors.AsType[*CorruptError](err); !ok || damage.Reason == "" {
				t.Errorf("verify: %v", err)
			}
		})
	}
}

// TestVerifySeesEdits lets damage lie in a page that is only in the overlay.
func TestVerifySeesEdits(t *testing.T) {
	t.Parallel()
	_, h := grown(t)
	if _, _, err := h.CreateKey(`Setup\OfflineJoin`, nil); err != nil {
		t.Fatal(err)
	}
	if err := h.Verify(); err != nil {
		t.Fatal(err)
	}
	k, err := h.Key(`Setup\OfflineJoin`)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.putU32(k.cell+4+nkSecurity, 0x20); err != nil {
		t.Fatal(err)
	}
	if err := h.Verify(); !errors.Is(err, ErrCorrupt) {
		t.Errorf("verify: %v", err)
	}
}

// TestWhatWindowsLeavesIsNoDamage makes what Windows leaves behind when it recovers or heals a hive, as seen in real
// ones: leaked cells, free cells that touch, and a security record that counts too many users.
func TestWhatWindowsLeavesIsNoDamage(t *testing.T) {
	t.Parallel()
	f, h := grown(t)
	var last bin
	if err := h.Verify(); err != nil {
		t.Fatal(err)
	}
	for _, b := range h.bins {
		for c, err := range h.cells(b) {
			if err == nil && !c.used && c.size >= 64 {
				last = bin{c.rel, c.size}
			}
		}
	}
	if last.size == 0 {
		t.Fatal("there is no free cell to split")
	}
	leaked := ^uint32(16) + 1 // an allocated cell of 16 bytes
	for _, c := range []struct{ at, size uint32 }{{last.rel, 16}, {last.rel + 16, leaked}, {last.rel + 32, 16}, {last.rel + 48, last.size - 48}} {
		if c.size == 0 {
			continue
		}
		if err := h.putU32(c.at, c.size); err != nil {
			t.Fatal(err)
		}
	}
	root, err := h.Root()
	if err != nil {
		t.Fatal(err)
	}
	n, err := h.node(root.cell)
	if err != nil {
		t.Fatal(err)
	}
	refs, err := h.u32(n.security + 4 + skRefs)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.putU32(n.security+4+skRefs, refs+3); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	h, err = Open(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Verify(); err != nil {
		t.Errorf("verify: %v", err)
	}
	var texts []string
	for _, p := range Check(h) {
		if texts = append(texts, p.Text); !p.Oddity {
			t.Errorf("damage: %v", p)
		}
	}
	if len(texts) < 3 {
		t.Errorf("only %q were found", texts)
	}

	// The other way round it is damage: a record that counts too few would be freed while keys use it.
	if err := h.putU32(n.security+4+skRefs, refs-1); err != nil {
		t.Fatal(err)
	}
	if err := h.Verify(); !errors.Is(err, ErrCorrupt) {
		t.Errorf("too few users: %v", err)
	}
}

// TestCheckReportsInOneOrder checks one damaged hive many times.
func TestCheckReportsInOneOrder(t *testing.T) {
	t.Parallel()
	_, h := grown(t)
	services, err := h.Key("Services")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for k, err := range services.Subkeys() { // each has a security record of its own that is none, and leaves cells unused
		if err != nil {
			t.Fatal(err)
		}
		node, err := h.node(k.cell)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.putU32(node.rel+nkSecurity, 0x101+uint32(n)*8); err != nil {
			t.Fatal(err)
		}
		if err := h.putU32(node.rel+nkSubkeyList, nilCell); err != nil {
			t.Fatal(err)
		}
		n++
	}
	first := Check(h)
	if len(first) < 2*n {
		t.Fatalf("only %d findings", len(first))
	}
	for range 5 {
		if again := Check(h); !slices.Equal(again, first) {
			t.Fatal("the findings came in another order")
		}
	}
}

// BenchmarkVerify compares what a plan costs, on a real hive of 12.8 MB: opening the hive and verifying its bins, as it
// was; the same with Verify; and with Check.
func BenchmarkVerify(b *testing.B) {
	dir, _ := corpus(b)
	files := load(b, dir, "win10-1709-x64-dirty/SYSTEM")
	h, err := Open(files)
	if err != nil {
		b.Fatal(err)
	}
	if _, _, err := h.CreateKey(`Setup\OfflineJoin`, nil); err != nil {
		b.Fatal(err)
	}
	if _, err := h.Commit(CommitOptions{}); err != nil { // clean from here on
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "SYSTEM")
	if err := os.WriteFile(path, files.Primary.(*MemFile).Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		do   func(*Hive) error
	}{
		{"bins", (*Hive).verifyBins},
		{"verify", (*Hive).Verify},
		{"check", func(h *Hive) error { Check(h); return nil }},
	} {
		b.Run(c.name, func(b *testing.B) {
			file, err := os.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			defer file.Close()
			b.ReportAllocs()
			before := cpuTime()
			for b.Loop() {
				h, err := Open(Files{Primary: diskFile{file}})
				if err != nil {
					b.Fatal(err)
				}
				if err := c.do(h); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpuTime()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}

// diskFile makes an *os.File a File.
type diskFile struct{ *os.File }

func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
