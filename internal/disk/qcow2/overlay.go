package qcow2

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/newfile"
)

// Golden is the image that an overlay stands on. It is only read.
type Golden struct {
	Disk   container.Disk
	Path   string // of its file; it must be the one that Disk reads
	Format container.Format
}

// OverlayOptions tune Overlay.
type OverlayOptions struct {
	// Relative makes the overlay name the golden image relative to its own folder, so that both can be moved together.
	// Otherwise it has the absolute path. Symbolic links are resolved in both.
	Relative bool
	// Through is what the new file is written through, see [newfile.File.Through]; nil: nothing.
	Through func(newfile.Layer) newfile.Layer
}

// Made is a new overlay.
type Made struct {
	Path        string // as it was given
	Size        int64  // of the file, in bytes
	SHA256      [sha256.Size]byte
	BackingName string // as it stands in the header
}

// overlayBits is the cluster size of new images, qemu's own default: 64 KiB.
const overlayBits = 16

// Overlay makes a new image at dst whose disk is the golden one's with the writes carried out. All clusters that a write
// touches are in the new file; all others are read from the golden image, which must not change any more by one byte. The
// file gets its name when it is complete and flushed; nothing is replaced. On any error, and when ctx ends, no file is
// left; the exception is a *[newfile.SyncError], which comes after the file got its name.
//
// It returns an error that matches [fs.ErrExist] when dst exists, a *[container.Refused] for a golden image whose disk is
// not a multiple of 512 bytes or whose path cannot be named in a header, the context's error, or that of the file system.
func Overlay(ctx context.Context, g Golden, w []container.Write, dst string, o OverlayOptions) (Made, error) {
	name, err := backingName(g.Path, dst, o.Relative)
	if err != nil {
		return Made{}, err
	}
	l, err := newLayout(g, w, name)
	if err != nil {
		return Made{}, err
	}
	f, err := newfile.Create(dst)
	if err != nil {
		return Made{}, err
	}
	f.Through(o.Through)
	f.Secret(0, l.fileBytes())
	sum := sha256.New()
	err = l.write(ctx, io.MultiWriter(f, sum))
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = f.Publish()
	}
	if err != nil {
		err = fmt.Errorf("cannot make the overlay %s: %w", dst, err)
	}
	made := Made{Path: dst, Size: l.fileBytes(), BackingName: name}
	sum.Sum(made.SHA256[:0])
	return made, errors.Join(err, f.Discard())
}

// backingName returns the name of the golden image for the header of an overlay at dst.
func backingName(golden, dst string, relative bool) (string, error) {
	name, err := realPath(golden)
	if err != nil {
		return "", err
	}
	if relative {
		folder, err := realPath(filepath.Dir(dst))
		if err != nil {
			return "", err
		}
		if name, err = filepath.Rel(folder, name); err != nil {
			return "", err
		}
		name = filepath.ToSlash(name)
		// qemu takes what stands before a colon for a protocol, unless a slash comes first.
		if before, _, found := strings.Cut(name, ":"); found && !strings.Contains(before, "/") {
			name = "./" + name
		}
	}
	if len(name) > maxBackingName {
		return "", &container.Refused{
			Kind:   container.BackingName,
			Detail: fmt.Sprintf("%d bytes, and a qcow2 image holds %d: move it up, or name it relatively", len(name), maxBackingName),
		}
	}
	return name, nil
}

func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

// layout is the order of a new image's clusters: header, refcount table, refcount blocks, L1 table, L2 tables, data. All
// counts are in clusters.
type layout struct {
	golden  Golden
	name    string
	size    int64 // of the disk
	touched []touched
	tables  []int64 // indexes of the L1 entries that have an L2 table, ascending

	l1Entries int64
	blocks    int64
	l1        int64
}

const (
	overlayCluster   = 1 << overlayBits
	overlayL2Entries = overlayCluster / entryBytes
	overlayPerBlock  = overlayCluster / refcountEntryBytes
	firstBlock       = 2 // after the header and the refcount table
)

func newLayout(g Golden, w []container.Write, name string) (*layout, error) {
	l := &layout{golden: g, name: name, size: g.Disk.Size()}
	if l.size%512 != 0 {
		return nil, &container.Refused{
			Kind: container.Unsupported, Detail: fmt.Sprintf("a disk of %d bytes, which is not a multiple of 512", l.size),
		}
	}
	var err error
	if l.touched, err = splitByCluster(w, overlayBits, l.size); err != nil {
		return nil, err
	}
	for _, t := range l.touched {
		i := t.index / overlayL2Entries
		if n := len(l.tables); n == 0 || l.tables[n-1] != i {
			l.tables = append(l.tables, i)
		}
	}
	const perTable = overlayCluster * overlayL2Entries
	l.l1Entries = max(1, (l.size+perTable-1)/perTable)
	l.l1 = (l.l1Entries*entryBytes + overlayCluster - 1) / overlayCluster
	for l.blocks = 1; l.blocks*overlayPerBlock < l.clusters(); {
		l.blocks++
	}
	if l.blocks > overlayCluster/entryBytes || l.l1Entries*entryBytes > maxL1Bytes {
		return nil, &container.Refused{Kind: container.Unsupported, Detail: fmt.Sprintf("a disk of %d bytes is too large", l.size)}
	}
	return l, nil
}

func (l *layout) firstL1() int64    { return firstBlock + l.blocks }
func (l *layout) firstTable() int64 { return l.firstL1() + l.l1 }
func (l *layout) firstData() int64  { return l.firstTable() + int64(len(l.tables)) }
func (l *layout) clusters() int64   { return l.firstData() + int64(len(l.touched)) }
func (l *layout) fileBytes() int64  { return l.clusters() << overlayBits }

// write writes the whole file, from its first to its last byte.
func (l *layout) write(ctx context.Context, w io.Writer) error {
	if _, err := w.Write(l.header()); err != nil {
		return err
	}
	for _, part := range []func(io.Writer) error{l.writeRefcounts, l.writeL1, l.writeL2} {
		if err := part(w); err != nil {
			return err
		}
	}
	return l.writeData(ctx, w)
}

// header returns the first cluster.
func (l *layout) header() []byte {
	be := binary.BigEndian
	b := make([]byte, overlayCluster)
	copy(b, Magic)
	be.PutUint32(b[offVersion:], 3)
	be.PutUint32(b[offClusterBits:], overlayBits)
	be.PutUint64(b[offSize:], uint64(l.size))
	be.PutUint32(b[offL1Size:], uint32(l.l1Entries))
	be.PutUint64(b[offL1Table:], uint64(l.firstL1())<<overlayBits)
	be.PutUint64(b[offRefcountTable:], overlayCluster)
	be.PutUint32(b[offRefcountLen:], 1)
	be.PutUint32(b[offRefcountOrder:], refcountOrder)
	be.PutUint32(b[offHeaderLen:], headerLenNew)
	at := headerLenNew
	be.PutUint32(b[at:], extBackingFormat)
	be.PutUint32(b[at+4:], uint32(len(l.golden.Format)))
	at += 8 + copy(b[at+8:], l.golden.Format)
	at = (at+7)&^7 + 8 // the padding, and the end mark, which is zero
	be.PutUint64(b[offBackingName:], uint64(at))
	be.PutUint32(b[offBackingLen:], uint32(len(l.name)))
	copy(b[at:], l.name)
	return b
}

// writeRefcounts writes the table and the blocks: each cluster of the file is used once.
func (l *layout) writeRefcounts(w io.Writer) error {
	table := make([]byte, overlayCluster)
	for i := range l.blocks {
		binary.BigEndian.PutUint64(table[i*entryBytes:], uint64(firstBlock+i)<<overlayBits)
	}
	if _, err := w.Write(table); err != nil {
		return err
	}
	for i := range l.blocks {
		block := make([]byte, overlayCluster)
		for j := range min(overlayPerBlock, l.clusters()-i*overlayPerBlock) {
			binary.BigEndian.PutUint16(block[j*refcountEntryBytes:], 1)
		}
		if _, err := w.Write(block); err != nil {
			return err
		}
	}
	return nil
}

func (l *layout) writeL1(w io.Writer) error {
	b := make([]byte, l.l1<<overlayBits)
	for i, index := range l.tables {
		binary.BigEndian.PutUint64(b[index*entryBytes:], uint64(l.firstTable()+int64(i))<<overlayBits|flagCopied)
	}
	_, err := w.Write(b)
	return err
}

func (l *layout) writeL2(w io.Writer) error {
	next := 0
	for _, index := range l.tables {
		b := make([]byte, overlayCluster)
		for ; next < len(l.touched) && l.touched[next].index/overlayL2Entries == index; next++ {
			host := uint64(l.firstData()+int64(next)) << overlayBits
			binary.BigEndian.PutUint64(b[l.touched[next].index%overlayL2Entries*entryBytes:], host|flagCopied)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// writeData writes the touched clusters: the golden image's content with the writes over it.
func (l *layout) writeData(ctx context.Context, w io.Writer) error {
	b := make([]byte, overlayCluster)
	defer clear(b)
	for _, t := range l.touched {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := readBelow(l.golden.Disk, b, t.index<<overlayBits); err != nil {
			return err
		}
		for _, f := range t.parts {
			copy(b[f.in:], f.data)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}
