package vmdk

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/extent"
)

// File is a file of an image.
type File interface {
	io.ReaderAt
	io.Closer
}

// Opener opens a file of the descriptor's folder and returns its size in bytes. The name has no folder in it. A file that
// is not there is an error that matches fs.ErrNotExist.
type Opener func(name string) (File, int64, error)

// InFolder returns an Opener of regular files in a folder, to be read. Links that lead out of it are refused.
func InFolder(folder *os.Root) Opener {
	return func(name string) (File, int64, error) {
		info, err := folder.Stat(name)
		if err != nil {
			return nil, 0, err
		}
		if !info.Mode().IsRegular() {
			return nil, 0, &container.Refused{Kind: container.NotFile, Detail: name}
		}
		f, err := folder.Open(name)
		if err != nil {
			return nil, 0, err
		}
		if info, err = f.Stat(); err != nil {
			return nil, 0, errors.Join(err, f.Close())
		}
		return f, info.Size(), nil
	}
}

// Image is an open flat VMDK. It implements [container.Container]. Its methods may be called from several goroutines at
// once.
type Image struct {
	descriptor File
	size       int64
	stretches  []stretch           // ascending
	files      map[string]flatFile // by name
}

var _ container.Container = (*Image)(nil)

// stretch is what one extent line describes.
type stretch struct {
	start, n int64 // on the virtual disk
	file     File  // nil: zeros
	off      int64 // in the file
}

// flatFile is one of the files that hold the disk.
type flatFile struct {
	file File
	size int64
}

// Open reads a descriptor of the given size in bytes, and opens the files that it names. It returns a *[container.Refused]
// for every other kind of VMDK, for a file that is missing, too short or outside the folder, and for a damaged descriptor.
// Closing the image closes all files; an image that is not opened leaves the descriptor open.
func Open(f File, size int64, open Opener) (*Image, error) {
	head := make([]byte, min(size, headBytes))
	if err := read(f, head, 0); err != nil {
		return nil, err
	}
	if !isDescriptor(head) {
		return nil, classifySparse(f, head, size)
	}
	if size > descriptorMost {
		return nil, corrupt("a descriptor of %d bytes", size)
	}
	text := make([]byte, size)
	if err := read(f, text, 0); err != nil {
		return nil, err
	}
	d, err := parseDescriptor(text)
	if err != nil {
		return nil, err
	}
	if err := d.check(open); err != nil {
		return nil, err
	}
	v := &Image{descriptor: f, files: map[string]flatFile{}}
	if err := v.build(d, open); err != nil {
		return nil, errors.Join(err, v.closeFiles())
	}
	return v, nil
}

// check refuses all that is not flat.
func (d *descriptor) check(open Opener) error {
	switch {
	case d.parent:
		return differencing()
	case strings.EqualFold(d.createType, "streamOptimized"):
		return streamOptimized()
	case len(d.extents) == 0:
		return corrupt("its descriptor names no extent")
	}
	for _, e := range d.extents {
		switch e.kind {
		case "FLAT", "VMFS", "SPARSE":
			if e.name == "" {
				return corrupt("an extent of the type %s without a file", e.kind)
			}
			if !local(e.name) {
				return unsupported("its data are outside its folder, in %q: move them beside it", shorten(e.name))
			}
		case "ZERO":
		default:
			return unsupported("an extent of the type %q: %s", shorten(e.kind), convert)
		}
		if e.access != "RW" {
			return unsupported("an extent with the access %s", e.access)
		}
	}
	for _, e := range d.extents {
		if e.kind == "SPARSE" {
			return d.sparse(open)
		}
	}
	if len(d.extents) > extentsMost {
		return unsupported("%d extents are too many: %s", len(d.extents), convert)
	}
	return nil
}

// sparse returns the refusal of a disk of sparse extents, which is another one when not all of them are there.
func (d *descriptor) sparse(open Opener) error {
	for _, e := range d.extents[:min(len(d.extents), extentsMost)] {
		if e.kind == "ZERO" {
			continue
		}
		f, _, err := open(e.name)
		if err != nil {
			return missing(e.name, err)
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return sparse(shorten(d.createType))
}

func missing(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &container.Refused{Kind: container.MissingExtent, Detail: fmt.Sprintf("%q: copy it beside the descriptor", name)}
	}
	return fmt.Errorf("opening the extent %q: %w", name, err)
}

// build opens the flat files and lays the extents side by side.
func (v *Image) build(d *descriptor, open Opener) error {
	for _, e := range d.extents {
		if e.bytes > math.MaxInt64/2-v.size {
			return corrupt("its extents are too large")
		}
		s := stretch{start: v.size, n: e.bytes, off: e.offset}
		v.size += e.bytes
		if e.kind != "ZERO" {
			f, err := v.flat(e.name, open)
			if err != nil {
				return err
			}
			if e.offset > f.size || e.bytes > f.size-e.offset {
				return &container.Refused{
					Kind:   container.Truncated,
					Detail: fmt.Sprintf("%q has %d bytes and should have %d: copy it again", e.name, f.size, e.offset+e.bytes),
				}
			}
			s.file = f.file
		}
		v.stretches = append(v.stretches, s)
	}
	return v.distinct()
}

func (v *Image) flat(name string, open Opener) (flatFile, error) {
	if f, ok := v.files[name]; ok {
		return f, nil
	}
	file, size, err := open(name)
	if err != nil {
		return flatFile{}, missing(name, err)
	}
	v.files[name] = flatFile{file, size}
	return v.files[name], nil
}

// distinct returns an error when two extents are the same bytes of a file.
func (v *Image) distinct() error {
	for _, f := range v.files {
		var here []stretch
		for _, s := range v.stretches {
			if s.file == f.file {
				here = append(here, s)
			}
		}
		slices.SortFunc(here, func(a, b stretch) int { return cmp.Compare(a.off, b.off) })
		for i := 1; i < len(here); i++ {
			if here[i-1].off+here[i-1].n > here[i].off {
				return corrupt("two extents overlap")
			}
		}
	}
	return nil
}

// Format implements [container.Container].
func (v *Image) Format() container.Format { return container.VMDK }

// Size implements [container.Disk].
func (v *Image) Size() int64 { return v.size }

// DataFile returns the name of the file that holds the disk, in the descriptor's folder: the one that plans are for. There
// is none when several files hold it.
func (v *Image) DataFile() (name string, ok bool) {
	if len(v.files) != 1 {
		return "", false
	}
	for name = range v.files {
	}
	return name, true
}

// Close closes all files.
func (v *Image) Close() error { return errors.Join(v.closeFiles(), v.descriptor.Close()) }

func (v *Image) closeFiles() error {
	var errs []error
	for _, f := range v.files {
		errs = append(errs, f.file.Close())
	}
	return errors.Join(errs...)
}

// Locate implements [extent.Layout].
func (v *Image) Locate(off int64) (extent.Span, error) {
	i, _ := slices.BinarySearchFunc(v.stretches, off, func(s stretch, off int64) int {
		return cmp.Compare(s.start+s.n-1, off) // the first that ends behind off
	})
	s := v.stretches[i]
	in := off - s.start
	if s.file == nil {
		return extent.Span{N: s.n - in}, nil
	}
	return extent.Span{N: s.n - in, File: s.file, Off: s.off + in}, nil
}

// ReadAt implements [io.ReaderAt] for the virtual disk.
func (v *Image) ReadAt(p []byte, off int64) (int, error) { return extent.ReadAt(v, p, off) }

// Room implements [container.Container].
func (v *Image) Room(off, n int64) bool { return len(v.files) == 1 && extent.Room(v, off, n) }

// Plan implements [container.Container]. The plan is one of [Image.DataFile]. It returns a *[container.Refused] when
// several files hold the disk, and where none does.
func (v *Image) Plan(w []container.Write) (*container.FilePlan, error) {
	name, ok := v.DataFile()
	if !ok {
		return nil, sparse(fmt.Sprintf("its data are in %d files", len(v.files)))
	}
	fresh, groups, err := extent.Pieces(v, w)
	if err != nil {
		return nil, err
	}
	return &container.FilePlan{Fills: fresh, Groups: groups, Size: v.files[name].size}, nil
}
