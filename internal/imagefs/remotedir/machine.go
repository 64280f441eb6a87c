package remotedir

import (
	"context"
	"io/fs"
)

// Machine is another machine that has an image mounted, reached over a connection that runs small commands and carries
// bytes. Paths are absolute and in that machine's own words. Each call is one step there: it has happened when the call
// returns nil, and may have happened or not when it returns an error.
//
// The machine is trusted; the image that is mounted there is not. So nothing here follows a link: what is not a regular
// file or a directory is listed as what it is, and refused by [Session].
//
// Errors match fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, [imagefs.ErrReadOnly] or [imagefs.ErrNoSpace] where those
// fit.
type Machine interface {
	// Join returns the path of a file in a directory, as that machine writes paths.
	Join(dir, name string) string
	// Split returns the directory that a path is in, and its name there; the name of a root is "".
	Split(path string) (dir, name string)
	// List describes the entries of a directory. A directory that is a link, or no directory, is an error.
	List(ctx context.Context, dir string) ([]Entry, error)
	// Fetch returns the content of a regular file of at most limit bytes; a larger one is an error.
	Fetch(ctx context.Context, path string, limit int64) ([]byte, error)
	// Digests returns the SHA-256 of regular files in hex, and "" for each that is not there.
	Digests(ctx context.Context, paths []string) ([]string, error)
	// Create makes an empty file, for its owner only, where nothing is.
	Create(ctx context.Context, path string) error
	// Mkdir makes a directory, for its owner only, where nothing is.
	Mkdir(ctx context.Context, path string) error
	// RemoveDir removes an empty directory.
	RemoveDir(ctx context.Context, path string) error
	// Write writes pieces into an existing file, gives it that size in bytes, and waits for the disk. A negative size
	// leaves the file's end to the pieces.
	Write(ctx context.Context, path string, pieces []Piece, size int64) error
	// Copy makes a durable copy of a file, for its owner only, in place of what is there.
	Copy(ctx context.Context, from, to string) error
	// Rename gives a file another name in its directory, at once taking the place of what is there.
	Rename(ctx context.Context, from, to string) error
	// Remove removes files. That one of them is not there is no error.
	Remove(ctx context.Context, paths ...string) error
	// Scrub overwrites regular files with zeros, the first [MaxScrub] bytes of longer ones, waits for the disk, and removes
	// them: for files that may hold a secret. That one of them is not there is no error.
	Scrub(ctx context.Context, paths ...string) error
	// SyncDir makes the names in a directory durable, where the machine can.
	SyncDir(ctx context.Context, dir string) error
}

// HeadFetcher is a machine that can carry the beginning of a file alone.
type HeadFetcher interface {
	// FetchHead returns the first n bytes of a regular file, or all of a shorter one.
	FetchHead(ctx context.Context, path string, n int) ([]byte, error)
}

// Entry is one entry of a directory of a [Machine].
type Entry struct {
	Name  string
	Mode  fs.FileMode // the type bits; 0 is a regular file
	Size  int64       // bytes, of a regular file
	Links int         // hard links; 1 when the machine does not tell
}

// Piece is a run of bytes of a file.
type Piece struct {
	Offset int64 // a multiple of 512
	Data   []byte
}
