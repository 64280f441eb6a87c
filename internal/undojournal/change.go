package undojournal

import "io"

// File is the file that gets changed. A write is durable only after Sync returned nil.
type File interface {
	io.ReaderAt
	io.WriterAt
	Size() (int64, error)
	Truncate(size int64) error // only called for another size than the present one
	Sync() error
}

// Reader is what [View] needs of a file.
type Reader interface {
	io.ReaderAt
	Size() (int64, error)
}

// Change is what is to become of a file: the fills, a flush, then each group and a flush, and at last the wipes.
type Change struct {
	// Fills are written first. Their old content does not matter to anybody and is not kept; after a roll-back it is
	// zeros, or cut off with the file's new end.
	Fills []Piece

	// Groups are written in order. Where pieces overlap, the later one wins.
	Groups [][]Piece

	// Size is the file's size afterwards, at least the present one. Bytes between the old and the new end that no piece
	// holds are zero.
	Size int64
}

// Piece is a range of the file and its new bytes.
type Piece struct {
	Off  int64
	Data []byte

	// Fresh: nobody refers to the bytes before a later group is written, as with a fill. Their old content need not be kept,
	// and may be zeros after a roll-back. A fill is fresh without it.
	Fresh bool

	// Wipe: the old bytes are a secret that no journal may hold. Each byte of Data is zero or what is there already: those
	// that are zero are taken away, the others stay as they are before, during and after the change.
	Wipe bool
}

// Cost is what a change took.
type Cost struct {
	Bytes int64 // written, to the file and to the journal
	Syncs int   // flushes of files and folders
}
