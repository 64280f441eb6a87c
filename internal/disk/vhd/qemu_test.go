package vhd_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/imagetest"
	"github.com/offlinejoin/offlinejoin/internal/disk/vhd"
)

func tryOpen(path string) (*vhd.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	v, err := vhd.Open(f, info.Size())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return v, nil
}

func open(t testing.TB, path string) *vhd.Image {
	t.Helper()
	v, err := tryOpen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

// source makes qemu read an image by the footer's current size, whoever made it.
func source(path string) string {
	return "driver=vpc,force_size_calc=current_size,file.driver=file,file.filename=" + path
}

// TestReadAndOverwrite reads what qemu-img wrote, and has qemu-img judge what was overwritten.
func TestReadAndOverwrite(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		size    int64
		options string
	}{
		"dynamic":             {30 << 20, "subformat=dynamic"},
		"dynamic and small":   {1<<20 + 512, "subformat=dynamic,force_size=on"},
		"dynamic of odd size": {21<<20 + 1024, "subformat=dynamic,force_size=on"},
		"fixed":               {10 << 20, "subformat=fixed"},
		"fixed of odd size":   {10<<20 + 512, "subformat=fixed,force_size=on"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(14, uint64(len(name))))
			raw := imagetest.Raw(t, tt.size, r)
			path := filepath.Join(t.TempDir(), "disk.vhd")
			imagetest.Run(t, "qemu-img", "convert", "-O", "vpc", "-o", tt.options, raw, path)
			judge(t, path, r)
		})
	}
}

// TestVolumes does the same with disks of the shared test data.
func TestVolumes(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int64{"qemu-dynamic.vhd": 104448, "qemu-ext2.vhd": 4212736} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := imagetest.Volume(t, name)
			if v := open(t, path); v.Size() != size {
				t.Errorf("%d bytes", v.Size())
			}
			judge(t, path, rand.New(rand.NewPCG(14, uint64(size))))
		})
	}
	t.Run("sizes-differ.vhd", func(t *testing.T) {
		t.Parallel()
		v := open(t, imagetest.Volume(t, "sizes-differ.vhd"))
		if v.Size() != 2123776 || v.Fixed() || v.Room(0, 1) {
			t.Errorf("%d bytes, fixed %v", v.Size(), v.Fixed())
		}
	})
}

// judge compares the image at path with what qemu-img reads, before and after overwriting a copy of it.
func judge(t *testing.T, path string, r *rand.Rand) {
	t.Helper()
	oracle := filepath.Join(t.TempDir(), "oracle.raw")
	imagetest.Run(t, "qemu-img", "convert", "--image-opts", "-O", "raw", source(path), oracle)
	v := open(t, path)
	imagetest.SameContent(t, v, oracle, r)
	writes := imagetest.RandomWrites(t, v, r)
	plan, err := v.Plan(writes)
	if err != nil {
		t.Fatal(err)
	}
	changed := imagetest.Copy(t, path)
	imagetest.Apply(t, plan, changed)
	imagetest.Overwrite(t, oracle, writes)
	imagetest.Run(t, "qemu-img", "compare", "--image-opts", source(changed), "driver=raw,file.driver=file,file.filename="+oracle)
	after := open(t, changed)
	imagetest.SameContent(t, after, oracle, r)
}

// TestRefusedVolumes: what cannot be read, and why.
func TestRefusedVolumes(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]container.Kind{
		"win-differencing.vhd":         container.Differencing,
		"qemu-bad-header-checksum.vhd": container.Corrupt,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tryOpen(imagetest.Volume(t, name))
			if r, ok := errors.AsType[*container.Refused](err); !ok || r.Kind != kind {
				t.Errorf("error %v, expected %q", err, kind)
			}
		})
	}
}
