package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/newfile"
)

// CopyOptions tune CopyTo.
type CopyOptions struct {
	// Plan is carried out on the copy before it gets its name; nil for a copy as it is. It is a plan of this image.
	Plan *container.FilePlan
	// Progress is called now and then with the bytes of the image that are done, and all of them; nil for nobody.
	Progress func(done, total int64)
	// Through is what the new file is written through, see [newfile.File.Through]; nil: nothing.
	Through func(newfile.Layer) newfile.Layer
}

// Copied is a new copy.
type Copied struct {
	Path    string // as it was given
	Size    int64  // of the file, in bytes
	Reflink bool   // the file system shares the blocks of both
}

// NoSpaceError reports that a copy would not fit; nothing was written.
type NoSpaceError struct {
	Path       string
	Need, Free int64 // in bytes
}

// Error implements error.
func (e *NoSpaceError) Error() string {
	return fmt.Sprintf("a copy at %s needs %d MiB and the file system has %d MiB free", e.Path, e.Need>>20, e.Free>>20)
}

// CopyTo makes a new file at dst with the content of the image file, which does not depend on it: a reflink where the file
// system can, else a copy that has holes where the image is zero. It gets its name when it is complete and flushed; nothing
// is replaced. On any error, and when ctx ends, no file is left; the exception is a *[newfile.SyncError], which comes after
// the file got its name.
//
// It returns an error that matches [fs.ErrExist] when dst exists, a *[container.Refused] for an image with a backing file, a
// *[NoSpaceError], the context's error, or that of the file system.
func (i *Image) CopyTo(ctx context.Context, dst string, o CopyOptions) (Copied, error) {
	if len(i.chain) > 1 {
		return Copied{}, named(i.path, &container.Refused{
			Kind:   container.HasBacking,
			Detail: fmt.Sprintf("make it stand alone with qemu-img convert -O %s %s NEW, and copy that", i.Format(), i.path),
		})
	}
	f, err := newfile.Create(dst)
	if err != nil {
		return Copied{}, err
	}
	f.Through(o.Through)
	copied, err := i.copyInto(ctx, f, dst, o)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = f.Publish()
	}
	if err != nil {
		err = fmt.Errorf("cannot copy %s to %s: %w", i.path, dst, err)
	}
	return copied, errors.Join(err, f.Discard())
}

func (i *Image) copyInto(ctx context.Context, f *newfile.File, dst string, o CopyOptions) (Copied, error) {
	size := i.chain[0].FileSize
	copied := Copied{Path: dst, Size: size}
	if o.Plan != nil {
		copied.Size = max(size, o.Plan.Size)
	}
	if err := ctx.Err(); err != nil {
		return copied, err
	}
	copied.Reflink = !i.chain[0].Device && reflink(f.File, i.File()) == nil
	if copied.Reflink {
		report(o.Progress, size, size)
	} else {
		if err := i.checkSpace(dst, copied.Size-size); err != nil {
			return copied, err
		}
		if err := i.copySparse(ctx, f, size, o.Progress); err != nil {
			return copied, err
		}
	}
	if o.Plan == nil {
		return copied, nil
	}
	markSecret(f, o.Plan)
	return copied, o.Plan.Apply(f)
}

// markSecret takes all that a plan writes for secret.
func markSecret(f *newfile.File, p *container.FilePlan) {
	for _, g := range append([][]container.Piece{p.Fills}, p.Groups...) {
		for _, c := range g {
			f.Secret(c.Off, int64(len(c.Data)))
		}
	}
}

// checkSpace compares what the image takes on its own file system, and what a plan adds, with what is free at dst. Where
// the system does not say how much is free, it lets the copy try.
func (i *Image) checkSpace(dst string, grows int64) error {
	free, ok := freeSpace(filepath.Dir(dst))
	if !ok {
		return nil
	}
	if need := allocated(i.File(), i.chain[0].FileSize) + grows; need > free {
		return &NoSpaceError{Path: dst, Need: need, Free: free}
	}
	return nil
}

// Copying is by chunks, between which the context is looked at; pages that are zero are left out.
const (
	copyChunk = 1 << 20
	copyPage  = 64 << 10
)

// copySparse copies the image file, without what is zero or a hole.
func (i *Image) copySparse(ctx context.Context, to *newfile.File, size int64, progress func(done, total int64)) error {
	if err := to.Truncate(size); err != nil {
		return err
	}
	buf := make([]byte, copyChunk)
	for off := int64(0); off < size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if skip := nextData(i.File(), off, size); skip > off {
			off = skip
			report(progress, off, size)
			continue
		}
		b := buf[:min(copyChunk, size-off)]
		if n, err := i.File().ReadAt(b, off); n < len(b) {
			return errors.Join(err, shortOf(int64(n), int64(len(b))))
		}
		if err := writePages(to, b, off); err != nil {
			return err
		}
		startWriting(to.File, off, int64(len(b)))
		off += int64(len(b))
		report(progress, off, size)
	}
	return nil
}

// writePages writes the pages of b that are not zero.
func writePages(to io.WriterAt, b []byte, off int64) error {
	for len(b) > 0 {
		page := b[:min(copyPage, len(b))]
		if !isZero(page) {
			if _, err := to.WriteAt(page, off); err != nil {
				return err
			}
		}
		b, off = b[len(page):], off+int64(len(page))
	}
	return nil
}

// isZero compares b with itself, one byte further on.
func isZero(b []byte) bool { return len(b) == 0 || b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1]) }

func report(progress func(done, total int64), done, total int64) {
	if progress != nil {
		progress(done, total)
	}
}
