package container

import "io"

// Disk is the virtual disk that an image file holds. ReadAt may be called from several goroutines at once; it returns
// io.EOF at the disk's end, as [io.ReaderAt] demands, and a *[Refused] where the image file is damaged.
type Disk interface {
	io.ReaderAt
	Size() int64 // in bytes
	io.Closer
}

// Container is a Disk whose image file can be changed. None of its methods writes.
type Container interface {
	Disk

	// Format returns the kind of the image file.
	Format() Format

	// Room reports whether the n bytes at off of the virtual disk can be overwritten without changing the container's
	// layout, or whether the container can allocate there.
	Room(off, n int64) bool

	// Plan turns writes to the virtual disk into pieces of the image file. Fresh writes count as
	// made before all others, those of a lower group before those of a higher one, and those of one group in the order
	// given. It returns a *[Refused] when the container cannot be changed in
	// place.
	Plan(w []Write) (*FilePlan, error)
}

// Write is a change of the virtual disk.
type Write struct {
	Off   int64 // byte offset on the virtual disk
	Data  []byte
	Fresh bool // nobody refers to these bytes before the groups are written
	Group int  // writes of a lower group reach the disk before those of a higher one
	Wipe  bool // the old bytes are secret and must not be kept for an undo
	Stale bool // nobody needs the old bytes to undo the write, which belongs to its group all the same
}

// FilePlan is what has to be written to an image file, in order: the fills, a flush, then each group and a flush. Where
// pieces of one group overlap, the later one wins. Bytes between the file's old and its new end that no piece holds are
// zero.
type FilePlan struct {
	Fills  []Piece   // bytes that nobody refers to before the groups are written; their old content does not matter
	Groups [][]Piece // after each group the disk is sound, as far as the writes were
	Size   int64     // the file's size afterwards; never less than before
}

// Piece is a range of the image file and its new bytes.
type Piece struct {
	Off   int64 // byte offset in the image file
	Data  []byte
	Fresh bool // in a group: as a fill, the old content does not matter, but these bytes come after those of the groups before
	Wipe  bool // as in [Write]
}

// Format is the kind of an image file, in the words of qemu's -f option. The empty Format stands for an unknown one.
type Format string

// The formats whose disks can be read.
const (
	Raw   Format = "raw"
	QCOW2 Format = "qcow2"
	VHDX  Format = "vhdx"
	VHD   Format = "vpc" // qemu's name of Microsoft's VHD, after Virtual PC
	VMDK  Format = "vmdk"
)

// Target is a file that a plan can be carried out on.
type Target interface {
	io.WriterAt
	Truncate(size int64) error
}

// Apply carries the plan out on a file that nobody else uses, such as a copy that has no name yet: without a journal and
// without a flush.
func (p *FilePlan) Apply(f Target) error {
	if err := f.Truncate(p.Size); err != nil {
		return err
	}
	if err := writePieces(f, p.Fills); err != nil {
		return err
	}
	for _, g := range p.Groups {
		if err := writePieces(f, g); err != nil {
			return err
		}
	}
	return nil
}

func writePieces(f io.WriterAt, pieces []Piece) error {
	for _, c := range pieces {
		if _, err := f.WriteAt(c.Data, c.Off); err != nil {
			return err
		}
	}
	return nil
}
