package imagefs

import "context"

// Session is one visit to an image, from opening it to closing it. What is read back after a change is read in another
// session, so that it comes from where the image is and from nobody's memory.
//
// The kinds differ in when a change reaches the image. In a mounted tree it is there when the call returns. A tree on
// another machine gets each file when it is synced, and Commit compares what is there with what is meant to be there. A
// disk image file gets everything in Commit, or nothing.
type Session interface {
	Volume
	// String returns what messages call the image, such as "/mnt/web01/Windows".
	String() string
	// Windows returns the name of the Windows directory in the volume, such as "Windows".
	Windows() string
	// DriveKnown reports whether the names beside the Windows directory are those of its drive. Where it is false, such
	// as for a Windows directory that was copied somewhere under another name, nothing is found beside it.
	DriveKnown() bool
	// Prepare makes everything down to the bytes that Commit will write, and writes nothing. It returns the refusals that
	// Commit would return.
	Prepare(ctx context.Context) error
	// Commit ends the changes, whether they went well or not, and returns what the session has written. Its error leaves
	// the image old, or new and whole; its message says which where that is known.
	Commit(ctx context.Context) (Cost, error)
	// Close releases the image. What was not committed is dropped where the kind can drop it.
	Close() error
}

// Cost is what a session has written to an image.
type Cost struct {
	Bytes int64
	Syncs int // how often it waited for the disk
}

// Mode says what a session is for.
type Mode int

// The modes. A kind whose changes are there at once opens the same session for each.
const (
	Read     Mode = iota // nothing is changed
	Rehearse             // changes are made where the kind is [Deferred], and dropped
	Write                // changes are made and committed
)

// Opener opens an image. Package open has the one that knows all kinds; a front end that reaches an image over a
// connection of its own gives another.
type Opener func(ctx context.Context, at Location, mode Mode) (Session, error)

// Deferred is a session in which no change reaches the image before Commit: closing it without one drops them all.
type Deferred interface {
	Session
	Making
	// Secret names bytes that the image holds and that are being taken away, so that they are kept nowhere. It copies
	// them.
	Secret(b []byte)
	// KeepsOld reports whether Commit keeps old bytes for a while, to put them back when it is interrupted. It leaves a Secret
	// out of them only where zeros replace it.
	KeepsOld() bool
}

// Making is a session that may be about a disk made from a golden image.
type Making interface {
	// NewDisk describes the disk that the session is about when it is one made from a golden image; nil when the image
	// itself is changed. Its Size is known when it is there or committed.
	NewDisk() *NewDisk
}

// NewDisk is a disk that is made from a golden image.
type NewDisk struct {
	Path     string
	Golden   string // the image it is made from, which is only read
	Overlay  bool   // it stands on the golden image; else it is a copy
	Existed  bool   // it was there already when the session was opened
	Outdated bool   // it is a copy that existed, and its golden image was written to after it
	Size     int64  // of its file, in bytes
}

// Noted is a session that has something to say to its user about the image, such as that an interrupted change was undone.
type Noted interface {
	// Notes returns what there is to say since it was called last.
	Notes() []string
}

// Progressing is a session whose Commit may take long enough for people to wait.
type Progressing interface {
	// Progress names who is called during Commit with the bytes that are done, and all of them.
	Progress(report func(done, total int64))
}
