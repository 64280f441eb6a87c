package vmdk_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/imagetest"
	"github.com/offlinejoin/offlinejoin/internal/disk/vmdk"
)

// tryOpen opens an image as the product does: by its path, with the files beside it.
func tryOpen(t testing.TB, path string) (*vmdk.Image, error) {
	t.Helper()
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	})
	f, size, err := vmdk.InFolder(root)(filepath.Base(path))
	if err != nil {
		t.Fatal(err)
	}
	v, err := vmdk.Open(f, size, vmdk.InFolder(root))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v, nil
}

func open(t testing.TB, path string) *vmdk.Image {
	t.Helper()
	v, err := tryOpen(t, path)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func refused(t *testing.T, path string, kind container.Kind) {
	t.Helper()
	_, err := tryOpen(t, path)
	if r, ok := errors.AsType[*container.Refused](err); !ok || r.Kind != kind {
		t.Errorf("error %v, expected %q", err, kind)
	}
}

// TestReadAndOverwrite reads what qemu-img wrote, and has qemu-img judge what was overwritten.
func TestReadAndOverwrite(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(14, 3))
	raw := imagetest.Raw(t, 9<<20+512, r)
	path := filepath.Join(t.TempDir(), "disk.vmdk")
	imagetest.Run(t, "qemu-img", "convert", "-O", "vmdk", "-o", "subformat=monolithicFlat", raw, path)
	v := open(t, path)
	imagetest.SameContent(t, v, raw, r)
	data, ok := v.DataFile()
	if !ok || data != "disk-flat.vmdk" {
		t.Fatalf("the data are in %q", data)
	}
	writes := imagetest.RandomWrites(t, v, r)
	plan, err := v.Plan(writes)
	if err != nil {
		t.Fatal(err)
	}
	imagetest.Apply(t, plan, filepath.Join(filepath.Dir(path), data))
	imagetest.Overwrite(t, raw, writes)
	imagetest.Run(t, "qemu-img", "compare", "-f", "vmdk", "-F", "raw", path, raw)
	imagetest.SameContent(t, v, raw, r)
}

// TestSeveralFiles: a disk split into flat files is read, but there is no plan for one file.
func TestSeveralFiles(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(14, 4))
	path := filepath.Join(t.TempDir(), "disk.vmdk")
	raw := imagetest.Raw(t, 3<<20, r)
	imagetest.Run(t, "qemu-img", "convert", "-O", "vmdk", "-o", "subformat=twoGbMaxExtentFlat", raw, path)
	imagetest.SameContent(t, open(t, path), raw, r)
	write(t, path, text(`RW 2048 FLAT "a" 0`, `RW 1024 ZERO`, `RW 2048 FLAT "b" 1024`, `RW 1024 FLAT "b" 0`))
	b, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(filepath.Dir(path), "a"), b[:1<<20])
	write(t, filepath.Join(filepath.Dir(path), "b"), append(bytes.Clone(b[5<<19:]), b[3<<19:5<<19]...))
	clear(b[1<<20 : 3<<19])
	write(t, raw, b)
	v := open(t, path)
	imagetest.SameContent(t, v, raw, r) // not by qemu-img: version 7.2 skips lines of the type ZERO
	if _, ok := v.DataFile(); ok || v.Room(0, 512) {
		t.Error("one file is said to hold the disk")
	}
	_, err = v.Plan([]container.Write{{Data: []byte("x")}})
	if r, ok := errors.AsType[*container.Refused](err); !ok || !r.Engine() {
		t.Errorf("error %v", err)
	}
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func text(extents ...string) []byte {
	return []byte("# Disk DescriptorFile\nversion=1\nCID=11223344\nparentCID=ffffffff\ncreateType=\"twoGbMaxExtentFlat\"\n" +
		strings.Join(extents, "\n") + "\nddb.adapterType = \"ide\"\n")
}

// TestRefusedKinds: all other kinds, as qemu-img makes them.
func TestRefusedKinds(t *testing.T) {
	t.Parallel()
	for format, kind := range map[string]container.Kind{
		"monolithicSparse":     container.Sparse,
		"twoGbMaxExtentSparse": container.Sparse,
		"streamOptimized":      container.StreamOptimized,
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "disk.vmdk")
			raw := imagetest.Raw(t, 1<<20, rand.New(rand.NewPCG(1, 1)))
			imagetest.Run(t, "qemu-img", "convert", "-O", "vmdk", "-o", "subformat="+format, raw, path)
			refused(t, path, kind)
			if format == "twoGbMaxExtentSparse" {
				extent := filepath.Join(filepath.Dir(path), "disk-s001.vmdk")
				refused(t, extent, container.Sparse)
				if err := os.Remove(extent); err != nil {
					t.Fatal(err)
				}
				refused(t, path, container.MissingExtent)
			}
		})
	}
	t.Run("snapshot", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		parent, child := filepath.Join(dir, "parent.vmdk"), filepath.Join(dir, "child.vmdk")
		imagetest.Run(t, "qemu-img", "create", "-f", "vmdk", parent, "1M")
		imagetest.Run(t, "qemu-img", "create", "-f", "vmdk", "-b", parent, "-F", "vmdk", child)
		refused(t, child, container.Differencing)
	})
}

// TestRefusedVolumes: what the shared test data's list expects.
func TestRefusedVolumes(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]container.Kind{
		"vmware4-sparse.vmdk":       container.Sparse,
		"empty.vmdk":                container.Sparse,
		"streamoptimized.vmdk":      container.StreamOptimized,
		"invalid.vmdk":              container.Corrupt,
		"invalid-l1.vmdk":           container.Corrupt,
		"vbox-descriptor-only.vmdk": container.MissingExtent,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, imagetest.Volume(t, name), kind)
		})
	}
}

// TestRefusedDescriptors: descriptors that a disk of ours cannot have, and those that would lead out of the folder.
func TestRefusedDescriptors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	outside := filepath.Join(dir, "outside")
	write(t, outside, make([]byte, 1<<20))
	many := make([]string, 300)
	for i := range many {
		many[i] = fmt.Sprintf(`RW 1 FLAT "flat" %d`, i)
	}
	for name, tt := range map[string]struct {
		descriptor []byte
		kind       container.Kind
	}{
		"no extent":       {text(), container.Corrupt},
		"no sectors":      {text(`RW 0 FLAT "flat" 0`), container.Corrupt},
		"negative":        {text(`RW -1 FLAT "flat" 0`), container.Corrupt},
		"too large":       {text(`RW 99999999999999999999 ZERO`), container.Corrupt},
		"sum too large":   {text(slicesOf(`RW 4503599627370495 ZERO`, 9)...), container.Corrupt},
		"no file":         {text(`RW 8 FLAT`), container.Corrupt},
		"open quote":      {text(`RW 8 FLAT "flat`), container.Corrupt},
		"offset":          {text(`RW 8 FLAT "flat" x`), container.Corrupt},
		"upwards":         {text(`RW 8 FLAT "../outside" 0`), container.Unsupported},
		"absolute":        {text(`RW 8 FLAT "` + filepath.ToSlash(outside) + `" 0`), container.Unsupported},
		"drive":           {text(`RW 8 FLAT "C:outside" 0`), container.Unsupported},
		"backslash":       {text(`RW 8 FLAT "..\outside" 0`), container.Unsupported},
		"parent folder":   {text(`RW 8 FLAT ".." 0`), container.Unsupported},
		"a folder":        {text(`RW 8 FLAT "folder" 0`), container.NotFile},
		"read only":       {text(`RDONLY 8 FLAT "flat" 0`), container.Unsupported},
		"seSparse":        {text(`RW 8 SESPARSE "flat"`), container.Unsupported},
		"raw device":      {text(`RW 8 VMFSRDM "flat"`), container.Unsupported},
		"missing":         {text(`RW 8 FLAT "absent" 0`), container.MissingExtent},
		"too short":       {text(`RW 9 FLAT "flat" 2040`), container.Truncated},
		"overlap":         {text(`RW 8 FLAT "flat" 0`, `RW 8 FLAT "flat" 7`), container.Corrupt},
		"many":            {text(many...), container.Unsupported},
		"parent":          {append(text(`RW 8 FLAT "flat" 0`), "parentFileNameHint=\"x\"\n"...), container.Differencing},
		"parent CID":      {bytes.Replace(text(`RW 8 FLAT "flat" 0`), []byte("ffffffff"), []byte("1"), 1), container.Differencing},
		"not UTF-8":       {text("RW 8 FLAT \"fl\xe4t\" 0"), container.Unsupported},
		"no version":      {[]byte("# Disk DescriptorFile\nCID=1\n"), container.Corrupt},
		"large":           {append(text(`RW 8 FLAT "flat" 0`), make([]byte, 2<<20)...), container.Corrupt},
		"empty":           {nil, container.Corrupt},
		"stream":          {bytes.Replace(text(`RW 8 FLAT "flat" 0`), []byte("twoGbMaxExtentFlat"), []byte("streamOptimized"), 1), container.StreamOptimized},
		"seSparse magic":  {append([]byte{0xbe, 0xba, 0xfe, 0xca}, make([]byte, 600)...), container.Unsupported},
		"ESX sparse":      {append([]byte("COWD"), make([]byte, 600)...), container.Sparse},
		"sparse, cut off": {[]byte("KDMV\x01\x00"), container.Corrupt},
		"sparse, zeros":   {append([]byte("KDMV\x01\x00"), make([]byte, 600)...), container.Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
			if err := os.Mkdir(here, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(here, "folder"), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(here, "flat"), make([]byte, 1<<20))
			path := filepath.Join(here, "disk.vmdk")
			write(t, path, tt.descriptor)
			refused(t, path, tt.kind)
		})
	}
	t.Run("link", func(t *testing.T) {
		t.Parallel()
		here := t.TempDir()
		if err := os.Symlink(outside, filepath.Join(here, "flat")); err != nil {
			t.Skip("skipped: no symbolic links here: ", err)
		}
		path := filepath.Join(here, "disk.vmdk")
		write(t, path, text(`RW 8 FLAT "flat" 0`))
		if _, err := tryOpen(t, path); err == nil {
			t.Error("a link that leads out of the folder was followed")
		}
	})
}

func slicesOf(s string, n int) (all []string) {
	for range n {
		all = append(all, s)
	}
	return all
}

// FuzzOpen opens a hostile file. Nothing panics, no file outside the folder is asked for, and no plan leaves the flat file.
func FuzzOpen(f *testing.F) {
	f.Add(text(`RW 8 FLAT "flat" 0`))
	f.Add(text(`RW 8 FLAT "flat" 8`, `RW 2048 ZERO`, `RW 8 FLAT "flat" 0`))
	f.Add(text(`RW 8 FLAT "../flat" 0`))
	f.Add([]byte("KDMV\x01\x00"))
	head := make([]byte, 2048)
	copy(head, "KDMV\x01")
	for at, v := range map[int]uint64{12: 100, 20: 128, 28: 1, 36: 1, 56: 2} {
		binary.LittleEndian.PutUint64(head[at:], v)
	}
	head[45] = 2
	copy(head[73:], "\n \r\n")
	copy(head[512:], text(`RW 8 SPARSE "flat"`))
	f.Add(head)
	const flatSize = 1 << 20
	f.Fuzz(func(t *testing.T, b []byte) {
		file := &imagetest.Sparse{Length: int64(len(b)), Pieces: map[int64][]byte{0: b}}
		v, err := vmdk.Open(file, file.Length, func(name string) (vmdk.File, int64, error) {
			if name == "" || name == ".." || strings.ContainsAny(name, `/\`) {
				t.Fatalf("the file %q was asked for", name)
			}
			if name != "flat" {
				return nil, 0, fs.ErrNotExist
			}
			return &imagetest.Sparse{Length: flatSize}, flatSize, nil
		})
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a word")
			}
			return
		}
		part := make([]byte, 700)
		for _, off := range []int64{0, v.Size() / 2, v.Size() - 512} {
			if n, err := v.ReadAt(part, off); n < len(part) && err == nil {
				t.Errorf("%d bytes at %d without an error", n, off)
			}
			if !v.Room(off, 512) {
				continue
			}
			plan, err := v.Plan([]container.Write{{Off: off, Data: part[:512]}})
			if err != nil || plan.Size != flatSize {
				t.Fatalf("there is room at %d, but no plan: %v", off, err)
			}
			for _, p := range plan.Groups[0] {
				if p.Off < 0 || p.Off+int64(len(p.Data)) > flatSize {
					t.Errorf("a piece at %d", p.Off)
				}
			}
		}
	})
}
