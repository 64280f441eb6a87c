package regf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"testing"
)

// The memory that a hostile file may cost, all allocations together, which is more than is ever held at once. Half of it
// goes with the file.
const (
	hostileMemory   = 32 << 20
	hostilePerByte  = 32
	hostileProblems = 1000
)

// measured runs walk and fails when it has allocated more than a hostile hive of the given length may cost.
func measured(t testing.TB, length int, walk func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	walk()
	runtime.ReadMemStats(&after)
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(hostileMemory+hostilePerByte*length); got > limit {
		t.Errorf("a hive of %d bytes has cost %d MiB of memory, more than %d MiB", length, got>>20, limit>>20)
	}
}

// walkAll does with a hive what reading it can ask for.
func walkAll(t testing.TB, f Files) {
	t.Helper()
	h, err := Open(f)
	if err != nil {
		return
	}
	if err := Dump(h, io.Discard); err != nil && err.Error() == "" {
		t.Error("an error without a word")
	}
	if n := len(Check(h)); n > hostileProblems {
		t.Errorf("%d findings", n)
	}
	if err := h.Verify(); err == nil && slices.ContainsFunc(Check(h), func(p Problem) bool { return !p.Oddity }) {
		t.Error("damage was not seen")
	}
	if k, err := h.Key(`Setup\OfflineJoin`); err == nil {
		if _, err := k.Security(); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Error(err)
		}
	}
}

// sealedHive gives a mutated hive a header that passes the gates.
func sealedHive(data []byte, first, second uint32) []byte {
	data = bytes.Clone(data)
	if len(data) < headerSize {
		return data
	}
	var head header
	copy(head[:], data)
	head = head.sealed(head.u32(baseType), first, second, head.dataSize())
	copy(data, head[:])
	return data
}

// fuzzSeeds are small hives with keys, values of all kinds, a split index and big data.
func fuzzSeeds(t testing.TB) (seeds []disk) {
	t.Helper()
	for minor := uint32(3); minor <= 6; minor++ {
		f := newTestHive(t, minor)
		seeds = append(seeds, diskOf(f))
		h := reopen(t, f)
		stageLike(t, h)
		if _, err := h.Commit(CommitOptions{}); err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, diskOf(f))
	}
	clean := seeds[len(seeds)-1]
	return append(seeds, clean.dirtied(t, 1, growing), clean.dirtied(t, 3, shrinking), twoLogs(t))
}

func FuzzOpenWalk(f *testing.F) {
	for _, d := range fuzzSeeds(f) {
		f.Add(d[FilePrimary])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		measured(t, len(data), func() {
			walkAll(t, Files{Primary: NewMemFile(bytes.Clone(data)), AsIs: true})
			walkAll(t, Files{Primary: NewMemFile(sealedHive(data, 1, 1))})
		})
	})
}

// sealedLog repairs the hashes and sequence numbers of a mutated log's entries.
func sealedLog(data []byte, kind, seq uint32) []byte {
	data = bytes.Clone(data)
	if len(data) < sectorSize {
		return data
	}
	var head header
	copy(head[:], data)
	head = head.sealed(kind, seq, seq, head.dataSize())
	copy(data, head[:])
	for pos := sectorSize; pos+entryHeader < len(data); seq++ {
		e := data[pos:]
		size := int(le.Uint32(e[4:]))
		if string(e[:4]) != "HvLE" || size < entryHeader || size%4 != 0 || size > len(e) {
			break
		}
		le.PutUint32(e[12:], seq)
		le.PutUint64(e[24:], logHash(e[entryHeader:size]))
		le.PutUint64(e[32:], logHash(e[:32]))
		pos += size
	}
	return data
}

func FuzzReplay(f *testing.F) {
	for i, d := range fuzzSeeds(f) {
		f.Add(d[FilePrimary], d[FileLog1], d[FileLog2], uint32(40+i), byte(i))
	}
	f.Fuzz(func(t *testing.T, primary, log1, log2 []byte, seq uint32, how byte) {
		kind := uint32(typeLogHvLE)
		if how&1 != 0 {
			kind = typeLogDIRT
		}
		d := disk{sealedHive(primary, seq+1, seq), sealedLog(log1, kind, seq), sealedLog(log2, kind, seq+uint32(how>>4))}
		if how&2 != 0 {
			d = d.badHeaderIfAny()
		}
		length := len(primary) + len(log1) + len(log2)
		measured(t, length, func() { walkAll(t, d.files()) })
		h, err := Open(d.files())
		if err != nil || len(damage(h)) > 0 || length > 1<<20 {
			return
		}
		files := d.files()
		if files.Log1 == nil {
			files.Log1 = NewMemFile(nil)
		}
		if h, err = Open(files); err != nil {
			t.Fatal(err)
		}
		root, err := h.Root()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.editableNode(root.cell); errors.Is(err, ErrInvalid) {
			return // a layered key or a handle
		}
		if !again(t, files, h) {
			t.Error("a change after the replay has failed")
		}
	})
}

func (d disk) badHeaderIfAny() disk {
	if len(d[FilePrimary]) < sectorSize {
		return d
	}
	return d.badHeader()
}

// FuzzEditThenCheck changes hives that Check finds nothing wrong with: they stay so.
func FuzzEditThenCheck(f *testing.F) {
	for i, d := range fuzzSeeds(f) {
		f.Add(d[FilePrimary], []byte{0, 1, 2, 3, 4, 5, byte(i), 9, 200, 100, 77})
	}
	f.Fuzz(func(t *testing.T, data, script []byte) {
		if len(script) > 40 {
			script = script[:40]
		}
		files := Files{Primary: NewMemFile(sealedHive(data, 1, 1)), Log1: NewMemFile(nil)}
		h, err := Open(files)
		if err != nil || len(damage(h)) > 0 {
			return
		}
		for i, b := range script {
			if err := fuzzStep(h, i, b); err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInvalid) {
				t.Fatalf("step %d (%d): %v", i, b, err)
			}
		}
		if h.broken != nil {
			return // refused half-way; nothing is written
		}
		if p := damage(h); len(p) > 0 {
			t.Fatal("check: ", p)
		}
		want := dumpText(t, h)
		if _, err := h.Commit(CommitOptions{Scrub: len(script)%2 == 0}); err != nil {
			t.Fatal(err)
		}
		if got := dumpText(t, reopen(t, files)); got != want {
			t.Error("the content differs after reopening")
		}
	})
}

// fuzzStep makes one change; the byte tells which.
func fuzzStep(h *Hive, i int, b byte) error {
	root, err := h.Root()
	if err != nil {
		return err
	}
	path := testNames[int(b)%len(testNames)]
	if b&0x10 != 0 { // something that is there
		for sub, err := range root.Subkeys() {
			if err != nil {
				return err
			}
			path = sub.Path()
		}
	}
	switch b % 5 {
	case 0:
		return h.DeleteKey(path)
	case 1:
		k, err := h.Key(path)
		if err != nil {
			return err
		}
		for v, err := range k.Values() {
			if err != nil {
				return err
			}
			return k.DeleteValue(v.Name())
		}
		return nil
	case 2:
		_, _, err := h.CreateKey(fmt.Sprintf(`%s\Sub%d`, path, i), testDescriptor)
		return err
	}
	k, _, err := h.CreateKey(path, nil)
	if err != nil {
		return err
	}
	return k.SetValue(testNames[i%len(testNames)], Binary, bytes.Repeat([]byte{b}, int(b)*int(b)))
}
