package regf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
)

// hostileHive makes a hive with the help of the engine, and then bends it.
func hostileHive(t testing.TB, bend func(h *Hive) error) Files {
	t.Helper()
	f := newTestHive(t, 3) // one cell for a value of any size
	h := reopen(t, f)
	if err := bend(h); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	return f
}

// aliasedData lets many values name one large data cell.
func aliasedData(h *Hive) error {
	k, _, err := h.CreateKey("Values", nil)
	if err != nil {
		return err
	}
	if err := k.SetValue("big", Binary, make([]byte, 400<<10)); err != nil {
		return err
	}
	big, err := k.Value("big")
	if err != nil {
		return err
	}
	for i := range 4000 {
		if err := k.SetValue(fmt.Sprint(i), Binary, make([]byte, 8)); err != nil {
			return err
		}
	}
	for v, err := range k.Values() {
		if err != nil {
			return err
		}
		if err := errors.Join(h.putU32(v.rel+vkData, big.data), h.putU32(v.rel+vkDataSize, big.size)); err != nil {
			return err
		}
	}
	return nil
}

// sharedLists lets many keys have the subkeys or values of one.
func sharedLists(count, list uint32) func(h *Hive) error {
	return func(h *Hive) error {
		first, _, err := h.CreateKey("A", nil)
		if err != nil {
			return err
		}
		for i := range 4000 {
			if err := first.SetValue(fmt.Sprint(i), DWORD, DWORDData(1)); err != nil {
				return err
			}
			if _, err := h.createSubkey(first, fmt.Sprint(i), nil); err != nil {
				return err
			}
		}
		n, err := h.node(first.cell)
		if err != nil {
			return err
		}
		for i := range 3000 {
			k, _, err := h.CreateKey(fmt.Sprint("B", i), nil)
			if err != nil {
				return err
			}
			for _, at := range []uint32{count, list} {
				old, err := h.u32(n.rel + at)
				if err != nil {
					return err
				}
				if err := h.putU32(k.cell+4+at, old); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// deepTree has long names at every level that there can be, and many keys at the bottom.
func deepTree(h *Hive) error {
	k, err := h.Root()
	for range maxDepth - 1 {
		if err != nil {
			return err
		}
		k, err = h.createSubkey(k, strings.Repeat("長", maxKeyName), nil)
	}
	for i := range 4000 {
		if err != nil {
			return err
		}
		_, err = h.createSubkey(k, fmt.Sprint(i), nil)
	}
	return err
}

// TestHostileHivesCostLittle reads hives whose content, followed by the letter, would be thousands of times their size.
func TestHostileHivesCostLittle(t *testing.T) { // not parallel: it measures memory
	for _, c := range []struct {
		name string
		bend func(h *Hive) error
		// sound: nothing is wrong with the hive but its proportions
		sound bool
	}{
		{"values share their data", aliasedData, false},
		{"keys share their values", sharedLists(nkValues, nkValueList), false},
		{"keys share their subkeys", sharedLists(nkSubkeys, nkSubkeyList), false},
		{"deep paths", deepTree, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := hostileHive(t, c.bend)
			size, _ := f.Primary.Size()
			var dumpErr error
			var findings []Problem
			measured(t, int(size), func() {
				h, err := Open(f)
				if err != nil {
					t.Fatal(err)
				}
				dumpErr = Dump(h, io.Discard)
				findings = Check(h)
			})
			if !errors.Is(dumpErr, ErrCorrupt) {
				t.Errorf("dump: %v", dumpErr)
			}
			if c.sound != (len(findings) == 0) {
				t.Errorf("%d findings: %.3v", len(findings), findings)
			}
		})
	}
}

// TestHostileGrowth opens a dirty hive whose log claims that it is almost 2 GiB long. Neither memory nor a commit may
// believe that.
func TestHostileGrowth(t *testing.T) { // not parallel: it measures memory
	d := syntheticHive(t, 5, 40).dirtied(t, 1, growing)
	log := bytes.Clone(d[FileLog1])
	const claim = maxHiveSize &^ (pageSize - 1)
	le.PutUint32(log[sectorSize+16:], claim)
	d[FileLog1] = sealedLog(log, typeLogHvLE, 41)
	measured(t, len(d[0])+len(log), func() {
		if _, err := Open(d.files()); !errors.Is(err, ErrCorrupt) {
			t.Errorf("error %v", err)
		}
	})
	le.PutUint32(log[sectorSize+16:], uint32(len(d[FilePrimary])+headerSize*100))
	d[FileLog1] = sealedLog(log, typeLogHvLE, 41)
	if _, err := Open(d.files()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v", err)
	}
}

// corpusMemory is what reading any damaged hive of the corpus may allocate in all, in bytes.
const corpusMemory = 64 << 20

// TestDamagedCorpusCostsLittle reads the hives that other readers refuse, in every way there is.
func TestDamagedCorpusCostsLittle(t *testing.T) { // not parallel: it measures memory
	dir, hives := corpus(t)
	for _, c := range hives {
		if !c.refusedByPeer {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			f := load(t, dir, c.name)
			for _, f.AsIs = range []bool{false, true} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				walkAll(t, f)
				took := time.Since(start)
				runtime.ReadMemStats(&after)
				got := after.TotalAlloc - before.TotalAlloc
				if got > corpusMemory {
					t.Errorf("%d MiB were allocated, more than %d", got>>20, corpusMemory>>20)
				}
				t.Logf("as it is %v: %d KiB allocated, %v", f.AsIs, got>>10, took)
			}
		})
	}
}
