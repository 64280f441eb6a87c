package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/disk/nbd"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
)

// engine is an image that qemu-nbd reads, and in an image that is opened to be changed in place also writes. Plans are for its
// virtual disk then, and not for the file: qemu keeps the format's tables.
type engine struct {
	*nbd.Disk
	format  container.Format
	rest    []io.Closer         // what has the locks
	own     container.Container // the image as this program reads it; nil where it does not
	refused *container.Refused  // why this program does not do it itself
	change  bool                // plans can be made
}

var _ container.Container = (*engine)(nil)

// byEngine has qemu-nbd read an image that was refused, and change it where it is opened for that. own is the image where this
// program reads it. Sparse VMDKs come here, whose extents have been looked at, and qcow2 images with something inside that this
// program has no code for; no file is opened by a name that was not looked at. The error is the refusal, or that of the engine.
func (c *chain) byEngine(ctx context.Context, s source, own container.Container, refused error) (container.Container, error) {
	r, ok := errors.AsType[*container.Refused](refused)
	at := len(c.links) - 1
	if !ok || !engineDoes(c.links[at].Format, r.Kind) {
		return nil, refused
	}
	change := c.inPlace && s.top
	if s.mode == lock.Change && !change {
		return nil, refused
	}
	if _, err := nbd.Find(); err != nil {
		if install, ok := errors.AsType[*container.Refused](err); ok {
			return nil, &container.Refused{Kind: r.Kind, Detail: install.Detail}
		}
		return nil, err
	}
	e := &engine{format: c.links[at].Format, own: own, refused: r, change: change}
	if own == nil {
		e.rest = append(e.rest, s.file)
	} else {
		e.rest = append(e.rest, own)
	}
	o := nbd.Options{Path: s.path, Format: e.format, Change: s.mode == lock.Change}
	if err := c.namesFor(ctx, s, e, &o); err != nil {
		return nil, errors.Join(err, closeAll(e.rest[1:]))
	}
	if o.Change { // qemu takes its own locks
		if err := c.files[at].Share(); err != nil {
			return nil, errors.Join(err, closeAll(e.rest[1:]))
		}
	}
	var err error
	if e.Disk, err = nbd.Start(ctx, o); err == nil {
		return e, nil
	}
	if errors.Is(err, nbd.ErrInUse) {
		err = &lock.InUseError{Path: s.path, By: "another program holds it with a lock of qemu's kind"}
	}
	return nil, errors.Join(err, closeAll(e.rest[1:]))
}

// engineDoes reports whether images of a format that are refused for something are for qemu-nbd.
func engineDoes(f container.Format, k container.Kind) bool {
	switch k {
	case container.Sparse:
		return f == container.VMDK
	case container.Snapshots, container.Bitmaps, container.ExtendedL2, container.DataFile, container.RefcountWidth:
		return f == container.QCOW2
	default:
		return false
	}
}

// namesFor looks at the names of other files in a qcow2 image, opens and locks these, and has qemu-nbd open them by the paths
// that were found, in the formats that were stated.
func (c *chain) namesFor(ctx context.Context, s source, e *engine, o *nbd.Options) error {
	if e.format != container.QCOW2 {
		return nil
	}
	at := len(c.links)
	names, err := qcow2.ReadNames(s.file, s.size)
	if err != nil {
		return err
	}
	if e.own == nil && names.Backing.Name != "" {
		if names.Backing.Format == "" {
			return &container.Refused{Kind: container.NoBackingFormat}
		}
		below, err := s.below(names.Backing)
		if err != nil {
			return err
		}
		e.rest = append(e.rest, below)
	} else {
		at = s.at + 1
	}
	for _, l := range c.links[at:] {
		o.Below = append(o.Below, nbd.Layer{Path: l.Path, Format: l.Format})
	}
	if !names.HasDataFile {
		return nil
	}
	f, path, err := c.dataFile(ctx, s, names.DataFile, o.Change)
	if err != nil {
		return err
	}
	e.rest, o.DataFile = append(e.rest, f), path
	return nil
}

// dataFile opens the external data file of a qcow2 image and locks it.
func (c *chain) dataFile(ctx context.Context, s source, name string, change bool) (*lock.File, string, error) {
	if name == "" {
		return nil, "", &container.Refused{
			Kind: container.DataFile, Detail: "the image does not name it: convert it with qemu-img convert -O qcow2",
		}
	}
	path, err := backingPath(s.path, name)
	if err != nil {
		return nil, "", err
	}
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", &container.Refused{Kind: container.MissingExtent, Detail: fmt.Sprintf("%q: copy it beside the image", filepath.Base(path))}
	}
	if err != nil {
		return nil, "", err
	}
	if !info.Mode().IsRegular() {
		return nil, "", named(path, &container.Refused{Kind: container.NotFile})
	}
	mode := lock.Read
	if change {
		mode = lock.Change
	}
	f, err := lock.Open(ctx, path, mode, c.wait)
	if err != nil {
		return nil, "", err
	}
	if change {
		if err := f.Share(); err != nil {
			return nil, "", errors.Join(err, f.Close())
		}
	}
	return f, path, nil
}

func closeAll(files []io.Closer) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// Format implements [container.Container].
func (e *engine) Format() container.Format { return e.format }

// InPlace returns the refusal of an image that is only read.
func (e *engine) InPlace() error {
	if e.change {
		return nil
	}
	return e.refused
}

// Room implements [container.Container]: qemu allocates what is not there.
func (e *engine) Room(off, n int64) bool {
	return e.change && off >= 0 && n >= 0 && off <= e.Size()-n
}

// Plan implements [container.Container]. The plan is for the virtual disk.
func (e *engine) Plan(w []container.Write) (*container.FilePlan, error) {
	if !e.change {
		return nil, e.refused
	}
	return planFlat(w, e.Size())
}

// FromBelow is [Image.FromBelow] as the image was when it was opened.
func (e *engine) FromBelow(off, n int64) (bool, error) {
	if c, ok := e.own.(interface {
		FromBelow(off, n int64) (bool, error)
	}); ok {
		return c.FromBelow(off, n)
	}
	return false, nil
}

// Close ends the engine, and gives the locks back.
func (e *engine) Close() error { return errors.Join(e.Disk.Close(), closeAll(e.rest)) }

// Target is what plans of an image are carried out on.
type Target interface {
	io.ReaderAt
	io.WriterAt
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
}

// Target returns what the image's plans are for: its file, or the virtual disk of an image that qemu-nbd changes. From then on
// qemu-nbd does not end any more when the context of Open does, so that a change is not left half way.
func (i *Image) Target() Target {
	if e, ok := i.Container.(*engine); ok {
		e.Detach()
		return nbd.Fixed{Disk: e.Disk}
	}
	return fileTarget{i.File()}
}

// ByEngine returns why qemu-nbd reads the image, or changes it, in place of this program; nil when it does not.
func (i *Image) ByEngine() *container.Refused {
	if e, ok := i.Container.(*engine); ok {
		return e.refused
	}
	return nil
}

// fileTarget is a file, or block device, as a Target.
type fileTarget struct{ *os.File }

// Size returns the size in bytes.
func (f fileTarget) Size() (int64, error) { return f.Seek(0, io.SeekEnd) }
