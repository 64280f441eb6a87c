package container

// Kind is the reason why an image file is refused. The set is closed; each Kind is also the words that [Refused] prints.
type Kind string

// The reasons. A comment names what the way out is where it is the same for all files of the kind.
const (
	Encrypted       Kind = "is encrypted"
	Corrupt         Kind = "is damaged"
	Truncated       Kind = "is cut off"
	Dirty           Kind = "was not closed cleanly"                       // qcow2: lazy refcounts; qemu-img check -r all
	Snapshots       Kind = "has snapshots inside"                         // qemu-nbd, or a new disk over it
	Bitmaps         Kind = "has dirty bitmaps inside"                     // qemu-nbd, or a new disk over it
	ExtendedL2      Kind = "has extended L2 entries"                      // qemu-nbd
	DataFile        Kind = "keeps its data in another file"               // qcow2's external data file; qemu-nbd
	RefcountWidth   Kind = "has an unusual refcount width"                // qcow2, any but 16 bits; qemu-nbd, or a new disk over it
	NoBackingFormat Kind = "does not name the format of its backing file" // qemu-img rebase -u -F FORMAT
	BackingName     Kind = "has a backing file that is not named by a plain path"
	BackingMissing  Kind = "has a backing file that cannot be opened"
	BackingChain    Kind = "has too long a chain of backing files" // also one that comes back to itself
	HasBacking      Kind = "depends on a backing file"             // cannot be copied alone; qemu-img convert
	Differencing    Kind = "is a differencing disk"
	PendingLog      Kind = "has changes waiting in its log"
	StreamOptimized Kind = "is stream optimized"       // qemu-img convert
	Sparse          Kind = "is a sparse or split VMDK" // qemu-nbd
	MissingExtent   Kind = "lacks one of the files that hold its data"
	NoRoom          Kind = "has no block at a place that must be written" // vhdx and vhd; qemu-nbd
	NotDisk         Kind = "holds no disk"                                // WIM, ESD, ISO, VDI, archives
	NotFile         Kind = "is not a regular file or block device"
	Unsupported     Kind = "cannot be used"
)

// Refused is the error for an image file that this program does not read, or does not change, on purpose.
type Refused struct {
	Kind   Kind
	Detail string // what exactly, and the way out; may be empty
	Err    error  // fs.ErrPermission where a right is missing; else nil
}

// Unwrap returns the cause.
func (r *Refused) Unwrap() error { return r.Err }

// Error returns the kind and the detail. It does not name the file: the one who opened it does.
func (r *Refused) Error() string {
	if r.Detail == "" {
		return string(r.Kind)
	}
	return string(r.Kind) + ": " + r.Detail
}

// Engine reports whether qemu-nbd can do what was refused.
func (r *Refused) Engine() bool {
	switch r.Kind {
	case Dirty, Snapshots, Bitmaps, ExtendedL2, DataFile, RefcountWidth, Sparse, NoRoom:
		return true
	default:
		return false
	}
}
