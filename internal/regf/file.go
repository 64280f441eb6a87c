package regf

import (
	"errors"
	"io"
	"sync"
)

// File is one file of a hive as the engine sees it. *os.File does not fit by itself (it has no Size); package target's
// files do, and [MemFile] does for tests and for hives made in memory.
type File interface {
	io.ReaderAt
	io.WriterAt
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
}

// Files names a hive and its transaction logs. Log1 and Log2 are nil when absent; the single ".LOG" of old Windows goes
// into Log1.
type Files struct {
	Primary File
	Log1    File
	Log2    File

	// CreateLog makes the first log when a commit needs one and Log1 is nil. Nil: such a commit is refused.
	CreateLog func() (File, error)

	// OldLogs makes commits write the log format of Windows 8 and older when the logs that are there do not tell.
	OldLogs bool

	// AsIs opens a hive that was not closed cleanly and that its logs do not complete, as its primary file stands. Such a
	// hive may be inconsistent, and cannot be changed.
	AsIs bool
}

// A Staler is a File that is told which of its bytes mean nothing to anybody before they are written. Whoever keeps what was
// there, to undo a commit, need not keep those: they may be zeros afterwards.
type Staler interface {
	// Stale is called before the one write that replaces the n bytes at off.
	Stale(off, n int64)
}

// MemFile is a File in memory. The zero value is an empty file. It is safe for concurrent use.
type MemFile struct {
	mu   sync.Mutex
	data []byte
}

// NewMemFile returns a file that holds data, which it takes over.
func NewMemFile(data []byte) *MemFile { return &MemFile{data: data} }

// Bytes returns a copy of the content.
func (m *MemFile) Bytes() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]byte(nil), m.data...)
}

// ReadAt implements io.ReaderAt.
func (m *MemFile) ReadAt(p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if off < 0 {
		return 0, errors.New("regf: negative offset")
	}
	if off >= int64(len(m.data)) {
		return 0, io.EOF
	}
	n := copy(p, m.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt, growing the file as needed.
func (m *MemFile) WriteAt(p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if off < 0 {
		return 0, errors.New("regf: negative offset")
	}
	if end := off + int64(len(p)); end > int64(len(m.data)) {
		m.data = append(m.data, make([]byte, end-int64(len(m.data)))...)
	}
	return copy(m.data[off:], p), nil
}

// Size returns the length in bytes.
func (m *MemFile) Size() (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(len(m.data)), nil
}

// Truncate sets the length.
func (m *MemFile) Truncate(size int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if size < 0 {
		return errors.New("regf: negative size")
	}
	if size <= int64(len(m.data)) {
		m.data = m.data[:size]
		return nil
	}
	m.data = append(m.data, make([]byte, size-int64(len(m.data)))...)
	return nil
}

// Sync does nothing.
func (m *MemFile) Sync() error { return nil }
