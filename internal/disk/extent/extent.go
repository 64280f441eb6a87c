package extent

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// Layout reports where the bytes of a virtual disk are.
type Layout interface {
	Size() int64 // of the virtual disk in bytes

	// Locate returns what holds the byte at off, which is on the disk, and those after it.
	Locate(off int64) (Span, error)
}

// Span is a stretch of a virtual disk.
type Span struct {
	N    int64       // its bytes, counted from the offset asked for; at least 1, perhaps more than the disk has
	File io.ReaderAt // what holds it; nil where nothing does, and the disk reads as zeros
	Off  int64       // where it begins in File
}

// ReadAt reads from a disk as [io.ReaderAt] demands. A file that ends too early is a *[container.Refused].
func ReadAt(l Layout, p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("reading a virtual disk at the negative offset %d", off)
	}
	done := 0
	for done < len(p) {
		at := off + int64(done)
		if at >= l.Size() {
			return done, io.EOF
		}
		s, err := l.Locate(at)
		if err != nil {
			return done, err
		}
		part := p[done:]
		part = part[:min(int64(len(part)), s.N, l.Size()-at)]
		if s.File == nil {
			clear(part)
		} else if n, err := s.File.ReadAt(part, s.Off); n < len(part) {
			return done + n, short(err, s.Off+int64(n))
		}
		done += len(part)
	}
	return done, nil
}

// short returns the error of a read that got too little.
func short(err error, off int64) error {
	if err == nil || errors.Is(err, io.EOF) {
		return &container.Refused{
			Kind:   container.Truncated,
			Detail: fmt.Sprintf("the file ends at offset %d, in the middle of the disk's data: copy it again", off),
		}
	}
	return err
}

// Room reports whether the file has a place for all n bytes at off of the disk.
func Room(l Layout, off, n int64) bool {
	if off < 0 || n < 0 || off > l.Size() || n > l.Size()-off {
		return false
	}
	for end := off + n; off < end; {
		s, err := l.Locate(off)
		if err != nil || s.File == nil {
			return false
		}
		off += s.N
	}
	return true
}

// Pieces turns writes into pieces of the file, in the order of [container.Container.Plan]. It returns a
// *[container.Refused] for a write beyond the disk or where the file has no place, but for a wipe of what reads as zeros:
// there is no secret.
func Pieces(l Layout, writes []container.Write) (fresh []container.Piece, groups [][]container.Piece, err error) {
	byGroup := map[int][]container.Piece{}
	for _, w := range writes {
		pieces, err := located(l, w)
		if err != nil {
			return nil, nil, err
		}
		if w.Fresh {
			fresh = append(fresh, pieces...)
		} else if len(pieces) > 0 {
			byGroup[w.Group] = append(byGroup[w.Group], pieces...)
		}
	}
	for _, group := range slices.Sorted(maps.Keys(byGroup)) {
		groups = append(groups, byGroup[group])
	}
	return fresh, groups, nil
}

// located cuts one write along the spans of the disk.
func located(l Layout, w container.Write) (pieces []container.Piece, err error) {
	if w.Off < 0 || w.Off > l.Size() || int64(len(w.Data)) > l.Size()-w.Off {
		return nil, &container.Refused{Kind: container.Unsupported, Detail: "a write beyond the end of the virtual disk"}
	}
	for off, data := w.Off, w.Data; len(data) > 0; {
		s, err := l.Locate(off)
		if err != nil {
			return nil, err
		}
		n := min(int64(len(data)), s.N)
		part := data[:n:n]
		if s.File != nil {
			pieces = append(pieces, container.Piece{Off: s.Off, Data: part, Fresh: w.Stale, Wipe: w.Wipe})
		} else if !w.Wipe || !zeros(part) {
			return nil, noRoom(off)
		}
		off, data = off+n, data[n:]
	}
	return pieces, nil
}

func noRoom(off int64) error {
	return &container.Refused{
		Kind: container.NoRoom,
		Detail: fmt.Sprintf("offset %d of the virtual disk has no place in the file: "+
			"install qemu-nbd (Debian's package qemu-utils), which can make one", off),
	}
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
