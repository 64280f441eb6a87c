package imagefs

import (
	"io"
	"io/fs"
	"time"
)

// Volume is the file system that an image's Windows is on, rooted at the drive: the Windows directory is a name in it.
// Names are slash-separated and relative to the root; see the package documentation for how they are found. A Volume is
// safe for concurrent use.
type Volume interface {
	// Path returns what messages call a file of the volume, safe for a line.
	Path(name string) string

	// Open opens an existing regular file for reading; writing to it fails.
	Open(name string) (File, error)
	// OpenWrite opens an existing regular file for reading and writing.
	OpenWrite(name string) (File, error)
	// Create makes a new file, readable and writable by its owner only. Any existing entry of that name, whatever its
	// case, is an error that matches fs.ErrExist.
	Create(name string) (File, error)
	// Remove removes a regular file.
	Remove(name string) error
	// Mkdir makes a directory for its owner only, in one that exists. Any existing entry of that name, whatever its case,
	// is an error that matches fs.ErrExist.
	Mkdir(name string) error
	// RemoveDir removes a directory that is empty.
	RemoveDir(name string) error
	// Rename gives a regular file another name in its directory, at once taking the place of a regular file that has that
	// name, whatever its case. as is a name without a directory.
	Rename(name, as string) error
	// Stat describes a regular file or a directory.
	Stat(name string) (Info, error)
	// ReadDir lists a directory, sorted by name. Nothing is followed; the entries may be links.
	ReadDir(name string) ([]fs.DirEntry, error)
	// SyncDir makes the names in a directory durable, where the system can.
	SyncDir(name string) error
}

// Linked is a volume on which a file can have two names, such as a directory of the host.
type Linked interface {
	// Link gives a regular file a second name in its directory, which nothing has, whatever its case. as is a name without a
	// directory. It fails where the file system has no such thing.
	Link(name, as string) error
}

// File is an open regular file of a volume. It fits what package regf wants of a hive's file. It stays the same file, and
// stays usable, when its name is removed or given to another: what was in it can be overwritten even then.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
	// Stat describes the open file itself, whatever has happened to its name since.
	Stat() (Info, error)
	// TryLock takes an exclusive lock that other users of this package respect; Close releases it, and nothing is left in
	// the image. A lock that somebody else holds is an error with code Busy. held is false when the file system has no
	// locks; that is not an error.
	TryLock() (held bool, err error)
}

// Info describes a file or directory.
type Info struct {
	Name  string // as the image spells it, without its directory; as asked for where the host does not know case
	Size  int64  // bytes; 0 for a directory
	IsDir bool
	// Links is the number of hard links, short DOS names not counted; 1 when the system does not report it.
	Links int
}

// Secured is a volume whose files have Windows security descriptors, such as NTFS under a driver that shows them.
type Secured interface {
	// Security returns the security descriptor of a file (self-relative, [MS-DTYP] 2.4.6). ok is false when the file
	// system has no such thing.
	Security(name string) (sd []byte, ok bool, err error)
	// SetSecurity replaces owner, group and access list of a file. applied is false when the file system has no such
	// thing, or did not keep what it was given.
	SetSecurity(name string, sd []byte) (applied bool, err error)
}

// Security returns the security descriptor of a file of any volume; ok is false when the volume has none.
func Security(v Volume, name string) (sd []byte, ok bool, err error) {
	if s, has := v.(Secured); has {
		return s.Security(name)
	}
	return nil, false, nil
}

// SetSecurity sets the security descriptor of a file of any volume; applied is false when the volume keeps none.
func SetSecurity(v Volume, name string, sd []byte) (applied bool, err error) {
	if s, has := v.(Secured); has {
		return s.SetSecurity(name, sd)
	}
	return false, nil
}

// Attributes are what a file system keeps of a file beside its bytes and its Windows security descriptor. A zero time is one
// that is not known.
type Attributes struct {
	Mode    fs.FileMode // permission bits, of a directory of the host
	ModTime time.Time

	// DOS are the attributes that a user of Windows sets ([MS-FSCC] 2.6: read-only, hidden, system, archive, not indexed), where
	// the NTFS volume itself is read, which also knows the other times. Nil elsewhere; then there is a Mode.
	DOS               *uint32
	Created, Accessed time.Time
}

// Attributed is a volume whose files have a mode or attributes, and times, that can be set.
type Attributed interface {
	// Attributes returns those of a regular file.
	Attributes(name string) (Attributes, error)
	// SetAttributes sets them, as far as the volume keeps such: what another kind of volume has told is left alone, and so is a
	// time that is zero.
	SetAttributes(name string, a Attributes) error
}
