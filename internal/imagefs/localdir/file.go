package localdir

import (
	"os"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/killpoint"
)

// file is a regular file of a tree. Its errors name it in full and carry a code.
type file struct {
	f    *os.File
	name string
	path string
	cost *cost

	locked bool // TryLock got it
}

var _ imagefs.File = (*file)(nil)

// ReadAt implements io.ReaderAt.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.f.ReadAt(p, off)
	return n, failed(imagefs.OpRead, f.path, err)
}

// WriteAt implements io.WriterAt.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.f.WriteAt(p, off)
	f.cost.wrote(n)
	return n, failed(imagefs.OpWrite, f.path, err)
}

// Size implements imagefs.File.
func (f *file) Size() (int64, error) {
	info, err := f.f.Stat()
	if err != nil {
		return 0, failed(imagefs.OpRead, f.path, err)
	}
	return info.Size(), nil
}

// Truncate implements imagefs.File.
func (f *file) Truncate(size int64) error { return failed(imagefs.OpWrite, f.path, f.f.Truncate(size)) }

// Sync implements imagefs.File.
func (f *file) Sync() error {
	f.cost.synced()
	killpoint.Reached("before a sync")
	err := f.f.Sync()
	killpoint.Reached("after a sync")
	return failed(imagefs.OpWrite, f.path, err)
}

// Close implements io.Closer. The lock goes first by itself: a process that this program is starting has a copy of every open
// file until it becomes another program, and closing ours alone would leave the file locked until then.
func (f *file) Close() error {
	if f.locked {
		unlock(f.f)
	}
	return failed(imagefs.OpWrite, f.path, f.f.Close())
}

// Stat implements imagefs.File.
func (f *file) Stat() (imagefs.Info, error) {
	info, err := f.f.Stat()
	if err != nil {
		return imagefs.Info{}, failed(imagefs.OpRead, f.path, err)
	}
	links, err := imagefs.CountLinks(f.f, f.name)
	if err != nil {
		return imagefs.Info{}, failed(imagefs.OpRead, f.path, err)
	}
	return imagefs.Info{Name: f.name, Size: info.Size(), Links: links}, nil
}

// TryLock implements imagefs.File.
func (f *file) TryLock() (bool, error) {
	held, err := tryLock(f.f)
	f.locked = f.locked || held
	return held, failed(imagefs.OpLock, f.path, err)
}

// control calls do with the descriptor of f while it is certainly open.
func control[H ~int | ~uintptr](f *os.File, do func(H) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := conn.Control(func(fd uintptr) { inner = do(H(fd)) }); err != nil {
		return err
	}
	return inner
}
