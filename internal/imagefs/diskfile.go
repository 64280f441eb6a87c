package imagefs

import "time"

// DiskFile is a session of a disk image file.
type DiskFile interface {
	Session
	// Disk returns what the file says of itself.
	Disk() DiskFacts
	// Mark returns what to remember of the file as it is now. It fails for a file whose later changes would not show: with
	// the journal of an interrupted edit, an NTFS volume that is not in order, or on a file system without locks.
	Mark() (DiskMark, error)
	// RemoveFile removes the file, of which the session is one to write, with nothing committed: so nobody else has it
	// open. It fails where something else has its name by now, or where it has another name as well.
	RemoveFile() error
}

// DiskFacts is what a disk image file says of itself.
type DiskFacts struct {
	Format  string // in qemu's words: raw, qcow2, vhdx, vpc, vmdk
	Size    int64  // of the disk, in bytes
	Backing string // the file that it stands on; "": none

	Partition int  // that has the Windows
	Only      bool // no other partition has one
}

// DiskMark is what is remembered of a disk image file, to see later whether anybody has changed it. It holds no secret.
type DiskMark struct {
	File FileMark `json:"file"`
	// Whole means that the digest of File is that of all its bytes. Else the two digests below stand in for them.
	Whole bool   `json:"whole,omitempty"`
	Log   string `json:"log,omitempty"`   // SHA-256 of the volume's $LogFile, in which NTFS writes at every start
	Hives string `json:"hives,omitempty"` // SHA-256 of the first pages of the hives and their logs: sequence numbers and times
}

// FileMark is what is remembered of one file. Equal marks of a file that was not read whole are no proof that nothing
// changed: an overwrite in place may change only ModTime.
type FileMark struct {
	Path    string    `json:"path"`
	Size    int64     `json:"size"` // in bytes
	ModTime time.Time `json:"mtime"`
	SHA256  string    `json:"sha256,omitempty"` // hex; of what is said where the mark is
}

// Same reports whether both are of one disk that nobody has changed, as far as marks tell. The time of a file that was read
// whole does not count.
func (m DiskMark) Same(other DiskMark) bool {
	if m.Whole || other.Whole {
		return m.Whole && other.Whole && m.File.Size == other.File.Size && m.File.SHA256 == other.File.SHA256
	}
	return m.File.Same(other.File) && m.Log == other.Log && m.Hives == other.Hives
}

// Same reports whether both are of a file with the same content, as far as marks tell; the path does not count.
func (m FileMark) Same(other FileMark) bool {
	return m.Size == other.Size && m.ModTime.Equal(other.ModTime) && m.SHA256 == other.SHA256
}
