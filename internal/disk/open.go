package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
	"github.com/offlinejoin/offlinejoin/internal/disk/vhd"
	"github.com/offlinejoin/offlinejoin/internal/disk/vhdx"
	"github.com/offlinejoin/offlinejoin/internal/disk/vmdk"
)

// Image is an open and locked disk image file. Closing it gives back the locks of all files of its chain.
type Image struct {
	container.Container
	path string
	// chain is the image itself and the files below it, and files are these, open.
	chain []Link
	files []*lock.File
	data  *dataFile // nil: the image file holds the data itself
}

// dataFile is a file beside a descriptor, which holds the data of the disk.
type dataFile struct {
	path string
	file *lock.File
}

// Link is one file of a chain.
type Link struct {
	Path     string // as it was given, or found from the name in the header above
	Format   container.Format
	Size     int64 // of its virtual disk, in bytes
	FileSize int64
	ModTime  time.Time
	Device   bool // it is a block device
	// Unlocked reports that the file system has no locks, so that nobody was shut out.
	Unlocked bool

	disk container.Container
}

// Path returns the path that the image was opened by.
func (i *Image) Path() string { return i.path }

// File returns the file that plans are for, for whoever carries one out: the image file, or the one that holds the data of a
// flat VMDK. It is open for writing in mode [lock.Change]. After a plan was carried out, the image has to be opened anew to
// be read: tables are kept in memory.
func (i *Image) File() *os.File {
	if i.data != nil {
		return i.data.file.File
	}
	return i.files[0].File
}

// FilePath returns the path of the file that plans are for.
func (i *Image) FilePath() string {
	if i.data != nil {
		return i.data.path
	}
	return i.path
}

// Chain returns the image and the files that it stands on, from the top down.
func (i *Image) Chain() []Link { return i.chain }

// Below returns the disk that the image stands on, and nil when it stands by itself. It is closed with the image.
func (i *Image) Below() container.Disk {
	if len(i.chain) < 2 {
		return nil
	}
	return i.chain[1].disk
}

// FromBelow reports whether any of the n bytes at off of the disk comes from a backing file: what is overwritten there stays
// in that one.
func (i *Image) FromBelow(off, n int64) (bool, error) {
	if c, ok := i.Container.(interface {
		FromBelow(off, n int64) (bool, error)
	}); ok {
		return c.FromBelow(off, n)
	}
	return false, nil
}

// maxChain is how many files a chain may have.
const maxChain = 16

// Open opens the image file or block device at path, of whatever format it is, and all files that it stands on. In mode
// [lock.Read] nobody may write any of them meanwhile; in mode [lock.Change] nobody else may even open the image, and an
// image that cannot be changed in place is refused here.
//
// An image names its backing files itself, and a raw disk is taken for a qcow2 image when whoever runs on it made it begin
// like one: of an image from somebody who is not trusted, any file or block device that the caller may read can become part of the
// disk. [Image.Chain] shows which ones did.
//
// It returns a *[lock.InUseError] when a file is in use, a *[container.Refused] for an image that is refused, the context's
// error when that ends while waiting for a lock, and otherwise that of the file system. The errors name the file.
func Open(ctx context.Context, path string, m lock.Mode, o lock.Options) (*Image, error) {
	return OpenSeeing(ctx, path, m, o, nil)
}

// See looks at a file of a chain once it is locked, before anything is read of it: it may bring the file into order, refuse
// it, or show another content. It returns what is to be read in place of the file, nil for the file itself, and its size.
// top is true for the image, and false for those below it.
type See func(path string, f *os.File, top bool) (content io.ReaderAt, size int64, err error)

// OpenSeeing is [Open] with a function that sees each file first; nil sees none.
func OpenSeeing(ctx context.Context, path string, m lock.Mode, o lock.Options, see See) (*Image, error) {
	return openChain(ctx, path, m, &chain{wait: o, see: see})
}

// OpenInPlace is [OpenSeeing] for an image that is going to be changed in place: in mode [lock.Change] now, in mode [lock.Read]
// in a rehearsal, which plans and does not write. What this program does not change itself qemu-nbd does, where that is
// installed: see [Image.Target].
func OpenInPlace(ctx context.Context, path string, m lock.Mode, o lock.Options, see See) (*Image, error) {
	return openChain(ctx, path, m, &chain{wait: o, see: see, inPlace: true})
}

func openChain(ctx context.Context, path string, m lock.Mode, c *chain) (*Image, error) {
	top, err := c.open(ctx, path, m, "")
	if err != nil {
		return nil, err
	}
	image := &Image{Container: top, path: path, files: c.files, chain: c.links, data: c.dataOf(top)}
	if err := image.changeable(m); err != nil {
		return nil, errors.Join(named(path, err), image.Close())
	}
	return image, nil
}

// changeable asks formats that are not always changed in place. A device cannot grow by new clusters.
func (i *Image) changeable(m lock.Mode) error {
	if m == lock.Change && i.chain[0].Device && i.Format() != container.Raw {
		return cannotUse(fmt.Sprintf("a %s image on a block device is not changed in place: make a new disk over it", i.Format()))
	}
	if c, ok := i.Container.(interface{ InPlace() error }); ok && m == lock.Change {
		return c.InPlace()
	}
	return nil
}

// source is what an opener gets.
type source struct {
	file seen
	path string
	size int64 // of the file, in bytes
	mode lock.Mode
	at   int  // of its link in the chain
	top  bool // it is the image itself
	// below opens the file that this one stands on.
	below func(qcow2.Backing) (container.Disk, error)
	// beside opens a file of the same folder that holds data of this one.
	beside vmdk.Opener
}

// seen is a file, or what is shown in its place.
type seen struct {
	io.ReaderAt
	io.Closer
}

// openers lists how each format is opened. A container that an opener returns closes the file; one that fails leaves it open.
func openers() map[container.Format]func(source) (container.Container, error) {
	return map[container.Format]func(source) (container.Container, error){
		container.Raw: func(s source) (container.Container, error) { return &raw{file: s.file, size: s.size}, nil },
		container.QCOW2: func(s source) (container.Container, error) {
			q, err := qcow2.Open(s.file, s.size, s.below)
			if err != nil {
				return nil, err // not a nil *Image in an interface
			}
			return q, nil
		},
		container.VHDX: func(s source) (container.Container, error) {
			v, err := vhdx.Open(s.file, s.size)
			if err != nil {
				return nil, err // likewise
			}
			return v, nil
		},
		container.VHD: func(s source) (container.Container, error) {
			v, err := vhd.Open(s.file, s.size)
			if err != nil {
				return nil, err // likewise
			}
			return v, nil
		},
		container.VMDK: func(s source) (container.Container, error) {
			v, err := vmdk.Open(s.file, s.size, s.beside)
			if err != nil {
				return nil, err // likewise
			}
			return v, nil
		},
	}
}

// chain is a chain of files that is being opened.
type chain struct {
	wait lock.Options
	see  See
	// inPlace: the image on top is going to be changed in place.
	inPlace bool

	files []*lock.File
	infos []fs.FileInfo
	links []Link
	data  map[string]dataFile // of the image on top, by their names in its folder
}

// dataOf returns the one file that holds the data of the image on top, when that is another one.
func (c *chain) dataOf(top container.Container) *dataFile {
	v, ok := top.(*vmdk.Image)
	if !ok {
		return nil
	}
	name, ok := v.DataFile()
	if d, there := c.data[name]; ok && there {
		return &d
	}
	return nil
}

// beside opens and locks a file of the same folder as the image at path. Links are refused: they could lead out of it.
func (c *chain) beside(ctx context.Context, path, name string, m lock.Mode, top bool) (vmdk.File, int64, error) {
	path = filepath.Join(filepath.Dir(path), name)
	info, err := os.Lstat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, named(path, &container.Refused{Kind: container.NotFile})
	}
	f, err := lock.Open(ctx, path, m, c.wait)
	if err != nil {
		return nil, 0, err
	}
	content, size, err := c.look(path, f, top)
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	if top {
		if c.data == nil {
			c.data = map[string]dataFile{}
		}
		c.data[name] = dataFile{path, f}
	}
	return content, size, nil
}

// look returns what is to be read of a locked file, and its size.
func (c *chain) look(path string, f *lock.File, top bool) (seen, int64, error) {
	content := seen{f, f}
	if c.see != nil {
		shown, size, err := c.see(path, f.File, top)
		if shown != nil {
			content.ReaderAt = shown
		}
		return content, size, err
	}
	size, err := f.Seek(0, io.SeekEnd) // Stat does not know the size of a device
	return content, size, err
}

// open opens a file and, through its opener, those below it. The format is recognised when it is not given.
func (c *chain) open(ctx context.Context, path string, m lock.Mode, format container.Format) (container.Container, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := c.acceptable(info); err != nil {
		return nil, named(path, err)
	}
	f, err := lock.Open(ctx, path, m, c.wait)
	if err != nil {
		return nil, err
	}
	d, err := c.openLocked(ctx, f, path, m, format)
	if err != nil {
		closeErr := f.Close()
		if errors.Is(closeErr, os.ErrClosed) { // with the container
			closeErr = nil
		}
		return nil, errors.Join(named(path, err), closeErr)
	}
	return d, nil
}

// acceptable looks at what kind of file it is, before it is opened.
func (c *chain) acceptable(info fs.FileInfo) error {
	kind := info.Mode().Type()
	if !kind.IsRegular() && kind != fs.ModeDevice {
		return &container.Refused{Kind: container.NotFile}
	}
	if len(c.infos) == maxChain {
		return &container.Refused{Kind: container.BackingChain, Detail: fmt.Sprintf("more than %d", maxChain)}
	}
	for _, above := range c.infos {
		if os.SameFile(above, info) {
			return &container.Refused{Kind: container.BackingChain, Detail: "it comes back to itself"}
		}
	}
	return nil
}

func (c *chain) openLocked(ctx context.Context, f *lock.File, path string, m lock.Mode, format container.Format) (container.Container, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := c.acceptable(info); err != nil {
		return nil, err // it was another file a moment ago
	}
	content, size, err := c.look(path, f, len(c.files) == 0)
	if err != nil {
		return nil, err
	}
	if format == "" {
		if format, err = Probe(content, size); err != nil {
			return nil, err
		}
	}
	open := openers()[format]
	if open == nil {
		return nil, cannotUse(fmt.Sprintf("the format %q is not read: convert it with qemu-img convert -O qcow2", format))
	}
	c.files, c.infos = append(c.files, f), append(c.infos, info)
	at := len(c.links)
	c.links = append(c.links, Link{
		Path: path, Format: format, FileSize: size, ModTime: info.ModTime(), Unlocked: f.Weak,
		Device: info.Mode().Type() == fs.ModeDevice,
	})
	s := source{file: content, path: path, size: size, mode: m, at: at, top: at == 0, below: func(b qcow2.Backing) (container.Disk, error) {
		return c.below(ctx, path, b)
	}, beside: func(name string) (vmdk.File, int64, error) {
		return c.beside(ctx, path, name, m, at == 0)
	}}
	d, err := open(s)
	switch {
	case err != nil:
		d, err = c.byEngine(ctx, s, nil, err)
	case c.inPlace && at == 0:
		d, err = c.changeable(ctx, s, d)
	}
	if err != nil {
		return nil, err
	}
	c.links[at].Size, c.links[at].disk = d.Size(), d
	return d, nil
}

// changeable returns the image as it is changed in place: itself, or by qemu-nbd.
func (c *chain) changeable(ctx context.Context, s source, d container.Container) (container.Container, error) {
	asked, ok := d.(interface{ InPlace() error })
	if !ok {
		return d, nil
	}
	refused := asked.InPlace()
	if r, is := errors.AsType[*container.Refused](refused); !is || !engineDoes(d.Format(), r.Kind) {
		return d, nil // whoever opens it asks again
	}
	changed, err := c.byEngine(ctx, s, d, refused)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return changed, nil
}

// named puts the path before a refusal, whose words continue the sentence. Errors of files name them already.
func named(path string, err error) error {
	var r *container.Refused
	if errors.As(err, &r) && err == error(r) {
		return fmt.Errorf("%s %w", path, err)
	}
	return err
}
