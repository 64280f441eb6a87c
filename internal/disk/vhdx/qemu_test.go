package vhdx_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/imagetest"
	"github.com/offlinejoin/offlinejoin/internal/disk/vhdx"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

func open(t testing.TB, path string) *vhdx.Image {
	t.Helper()
	v, err := tryOpen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
	return v
}

func tryOpen(path string) (*vhdx.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	v, err := vhdx.Open(f, info.Size())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return v, nil
}

// made are images that qemu-img makes of a raw disk.
func made() map[string]struct {
	size    int64
	options string
} {
	return map[string]struct {
		size    int64
		options string
	}{
		"dynamic":         {40 << 20, "subformat=dynamic,block_size=1M"},
		"fixed":           {20 << 20, "subformat=fixed,block_size=2M"},
		"no zero blocks":  {30 << 20, "subformat=dynamic,block_size=1M,block_state_zero=off"},
		"one block":       {5 << 20, "subformat=dynamic,block_size=32M"},
		"ends in a block": {33<<20 + 512, "subformat=dynamic,block_size=8M"},
	}
}

// TestReadAndOverwrite reads what qemu-img wrote, and has qemu-img and the lab's own reader judge what was overwritten.
func TestReadAndOverwrite(t *testing.T) {
	t.Parallel()
	for name, m := range made() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(14, uint64(len(name))))
			raw := imagetest.Raw(t, m.size, r)
			path := filepath.Join(t.TempDir(), "disk.vhdx")
			imagetest.Run(t, "qemu-img", "convert", "-O", "vhdx", "-o", m.options, raw, path)
			v := open(t, path)
			imagetest.SameContent(t, v, raw, r)
			overwrite(t, v, path, raw, r)
		})
	}
}

// TestSecondChunk reads behind the first 4 GiB of blocks of 1 MiB: there the block table has an entry that is of no block.
func TestSecondChunk(t *testing.T) {
	t.Parallel()
	raw := filepath.Join(t.TempDir(), "disk.raw")
	if err := os.WriteFile(raw, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(raw, 4<<30+5<<20); err != nil {
		t.Fatal(err)
	}
	var writes []container.Write
	for mib := range int64(9) {
		text := bytes.Repeat([]byte{byte('a' + mib)}, 700)
		writes = append(writes, container.Write{Off: (4092+mib)<<20 + 100, Data: text})
	}
	imagetest.Overwrite(t, raw, writes)
	path := filepath.Join(t.TempDir(), "disk.vhdx")
	imagetest.Run(t, "qemu-img", "convert", "-O", "vhdx", "-o", "subformat=dynamic,block_size=1M", raw, path)
	v := open(t, path)
	for _, w := range writes {
		got := make([]byte, len(w.Data))
		if _, err := v.ReadAt(got, w.Off); err != nil || !bytes.Equal(got, w.Data) {
			t.Errorf("at %d MiB: %q... (%v)", w.Off>>20, got[:5], err)
		}
	}
}

// TestVolumes does the same with disks that Hyper-V made.
func TestVolumes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"hyperv-20348-ntfs.vhdx", "hyperv-btrfs.vhdx"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(14, uint64(len(name))))
			path := imagetest.Volume(t, name)
			raw := filepath.Join(t.TempDir(), "disk.raw")
			imagetest.Run(t, "qemu-img", "convert", "-f", "vhdx", "-O", "raw", path, raw)
			v := open(t, path)
			if v.Size() < 1<<30 {
				imagetest.SameContent(t, v, raw, r)
			}
			overwrite(t, v, path, raw, r)
		})
	}
}

// TestHugeDisk reads a disk of 10 GiB that has one block.
func TestHugeDisk(t *testing.T) {
	t.Parallel()
	path := imagetest.Volume(t, "hyperv-swap.vhdx")
	v := open(t, path)
	if v.Size() != 10<<30 || v.BlockSize() != 32<<20 {
		t.Fatalf("%d bytes in blocks of %d", v.Size(), v.BlockSize())
	}
	present := 0
	for off := int64(0); off < v.Size(); off += v.BlockSize() {
		if v.Room(off, v.BlockSize()) {
			present++
		}
	}
	if present != 1 || v.Room(0, v.Size()) {
		t.Errorf("%d blocks are present", present)
	}
}

// overwrite plans writes to the image at path, carries them out on a copy, and compares with the raw disk.
func overwrite(t *testing.T, v *vhdx.Image, path, raw string, r *rand.Rand) {
	t.Helper()
	writes := imagetest.RandomWrites(t, v, r)
	plan, err := v.Plan(writes)
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Fills) != 0 {
		t.Error("something would be written before the headers")
	}
	changed := imagetest.Copy(t, path)
	oracle := raw
	for n := range plan.Groups {
		imagetest.Apply(t, &container.FilePlan{Groups: plan.Groups[n : n+1], Size: plan.Size}, changed)
		if n < 3 || n == len(plan.Groups)-1 { // also between the headers, and before the data
			imagetest.Run(t, "qemu-img", "check", "-f", "vhdx", changed)
		}
	}
	imagetest.Overwrite(t, oracle, writes)
	imagetest.Run(t, "qemu-img", "compare", "-f", "vhdx", "-F", "raw", changed, oracle)
	after := open(t, changed)
	if after.Size() < 1<<30 {
		imagetest.SameContent(t, after, oracle, r)
	}
	headersChanged(t, path, changed)
	sameMap(t, path, changed)
}

// headersChanged checks the rules for a writer, [MS-VHDX] 2.2.2.1: both headers have new identifiers and rising numbers.
func headersChanged(t *testing.T, before, after string) {
	t.Helper()
	old, now := headers(t, before), headers(t, after)
	newest := max(old[0].sequence, old[1].sequence)
	if min(now[0].sequence, now[1].sequence) != newest+1 || max(now[0].sequence, now[1].sequence) != newest+2 {
		t.Errorf("sequence numbers %d and %d after %d", now[0].sequence, now[1].sequence, newest)
	}
	if !bytes.Equal(now[0].guids, now[1].guids) {
		t.Error("the headers have different identifiers")
	}
	for _, h := range old {
		if bytes.Equal(h.guids[:16], now[0].guids[:16]) || bytes.Equal(h.guids[16:], now[0].guids[16:]) {
			t.Error("an identifier was kept")
		}
	}
}

type fields struct {
	sequence uint64
	guids    []byte
}

func headers(t *testing.T, path string) (h [2]fields) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range h {
		b := make([]byte, 48)
		if _, err := f.ReadAt(b, int64(i+1)<<16); err != nil {
			t.Fatal(err)
		}
		for k := range 8 {
			h[i].sequence |= uint64(b[8+k]) << (8 * k)
		}
		h[i].guids = b[16:]
	}
	return h
}

// sameMap has the lab's reader report the same of both files: present blocks, sizes, an empty log.
func sameMap(t *testing.T, before, after string) {
	t.Helper()
	script := testenv.Shared(t, "lab/disk/vhdxmap.py")
	python := testenv.Tool(t, "python3")
	var said [2]string
	for i, path := range []string{before, after} {
		out, err := exec.Command(python, script, "info", path).CombinedOutput()
		if err != nil {
			t.Fatalf("vhdxmap: %v: %s", err, out)
		}
		said[i] = string(out)
	}
	if said[0] != said[1] || !regexp.MustCompile(`log empty`).MatchString(said[1]) {
		t.Errorf("vhdxmap: before %s after %s", said[0], said[1])
	}
}

// TestRefusedVolumes: what cannot be read, and why.
func TestRefusedVolumes(t *testing.T) {
	t.Parallel()
	refused := func(t *testing.T, path string, kind container.Kind) {
		t.Helper()
		_, err := tryOpen(path)
		if r, ok := errors.AsType[*container.Refused](err); !ok || r.Kind != kind {
			t.Errorf("error %v, expected %q", err, kind)
		}
	}
	t.Run("pending log", func(t *testing.T) {
		t.Parallel()
		refused(t, imagetest.Volume(t, "hyperv-vhdx-log-replay.vhdx"), container.PendingLog)
	})
	t.Run("cut off", func(t *testing.T) {
		t.Parallel()
		path := imagetest.Volume(t, "hyperv-20348-ntfs.vhdx")
		if err := os.Truncate(path, 6<<20); err != nil {
			t.Fatal(err)
		}
		refused(t, path, container.Truncated)
	})
}

// TestNoRoom: a block that is absent is refused, but not for a wipe of what reads as zeros.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	v := open(t, imagetest.Volume(t, "hyperv-swap.vhdx"))
	off := v.Size() - 4096
	if v.Room(off, 512) {
		t.Fatal("there is room")
	}
	_, err := v.Plan([]container.Write{{Off: off, Data: make([]byte, 512)}})
	if r, ok := errors.AsType[*container.Refused](err); !ok || r.Kind != container.NoRoom || !r.Engine() {
		t.Errorf("error %v", err)
	}
	plan, err := v.Plan([]container.Write{{Off: off, Data: make([]byte, 512), Wipe: true}})
	if err != nil || len(plan.Groups) != 0 || len(plan.Fills) != 0 {
		t.Errorf("a wipe of zeros: %v", err)
	}
	for _, w := range []container.Write{{Off: -1, Data: []byte("x")}, {Off: v.Size(), Data: []byte("x")}, {Off: 1 << 62}} {
		if _, err := v.Plan([]container.Write{w}); err == nil {
			t.Errorf("a write at %d was planned", w.Off)
		}
	}
}
