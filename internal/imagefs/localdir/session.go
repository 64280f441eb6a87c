package localdir

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Session is a visit to an image that is mounted on this machine, or lies in a directory of it. What is written is there
// at once, and durable when it was synced; Prepare has nothing to do, and Commit returns what was written.
type Session struct {
	windows *Tree
	drive   *Tree // nil: what is beside the Windows directory is not its drive's
	name    string
	cost    *cost
}

var (
	_ imagefs.Session = (*Session)(nil)
	_ imagefs.Secured = (*Session)(nil)
	_ imagefs.Flagged = (*Session)(nil)
)

// defaultName is what the Windows directory is called where its own name cannot be one, such as for "/" and "..".
const defaultName = "Windows"

// Open opens the image whose Windows directory is at windowsPath, such as /mnt/web01/Windows. The directory above it is
// taken for the root of its drive when the Windows directory has the name that Windows gives it; a copy under another
// name may lie anywhere. Errors are those of [OpenTree], and 87 for an empty path.
func Open(windowsPath string) (*Session, error) {
	if windowsPath == "" {
		return nil, winerr.Errorf(winerr.InvalidParameter,
			"no Windows directory was given: name the image's, such as %s", imagefs.ExamplePath())
	}
	s := &Session{name: filepath.Base(filepath.Clean(windowsPath)), cost: new(cost)}
	if imagefs.Component(s.name) != nil || s.name == "." {
		s.name = defaultName
	}
	var err error
	if s.windows, err = openTree(windowsPath, s.cost); err != nil {
		return nil, err
	}
	if strings.EqualFold(filepath.Base(s.windows.path), defaultName) {
		// A drive that cannot be opened leaves Windows' own directory as all that there is.
		if drive, err := openTree(filepath.Dir(s.windows.path), s.cost); err == nil {
			s.drive = drive
		}
	}
	return s, nil
}

// String implements imagefs.Session.
func (s *Session) String() string { return s.windows.String() }

// Windows implements imagefs.Session.
func (s *Session) Windows() string { return s.name }

// DriveKnown implements imagefs.Session.
func (s *Session) DriveKnown() bool { return s.drive != nil }

// NTFSFlags implements imagefs.Flagged.
func (s *Session) NTFSFlags() (flags uint16, known bool) { return imagefs.NTFSFlags(s.windows.path) }

// Prepare implements imagefs.Session.
func (s *Session) Prepare(context.Context) error { return nil }

// Commit implements imagefs.Session.
func (s *Session) Commit(context.Context) (imagefs.Cost, error) { return s.cost.total(), nil }

// Close implements imagefs.Session.
func (s *Session) Close() error {
	if s.drive == nil {
		return s.windows.Close()
	}
	return errors.Join(s.drive.Close(), s.windows.Close())
}

// tree returns the tree that a name is in, and the name there. The Windows directory is reached by its own handle, so
// that neither a right to read the drive nor its listing is needed.
func (s *Session) tree(name string, o imagefs.Op) (*Tree, string, error) {
	first, rest, below := strings.Cut(name, "/")
	if imagefs.SameName(first, s.name) {
		if !below {
			rest = "."
		}
		return s.windows, rest, nil
	}
	if s.drive == nil {
		if _, err := imagefs.Components(name); err != nil {
			return nil, "", err
		}
		return nil, "", failed(o, s.Path(name), fs.ErrNotExist)
	}
	return s.drive, name, nil
}

// Path implements imagefs.Volume.
func (s *Session) Path(name string) string {
	first, rest, _ := strings.Cut(name, "/")
	if imagefs.SameName(first, s.name) {
		return s.windows.Path(rest)
	}
	return called(filepath.Dir(s.windows.path), name)
}

// Open implements imagefs.Volume.
func (s *Session) Open(name string) (imagefs.File, error) {
	return in(s, name, imagefs.OpOpen, (*Tree).Open)
}

// OpenWrite implements imagefs.Volume.
func (s *Session) OpenWrite(name string) (imagefs.File, error) {
	return in(s, name, imagefs.OpChange, (*Tree).OpenWrite)
}

// Create implements imagefs.Volume.
func (s *Session) Create(name string) (imagefs.File, error) {
	return in(s, name, imagefs.OpCreate, (*Tree).Create)
}

// Remove implements imagefs.Volume.
func (s *Session) Remove(name string) error { return s.change(name, imagefs.OpRemove, (*Tree).Remove) }

// Mkdir implements imagefs.Volume.
func (s *Session) Mkdir(name string) error { return s.change(name, imagefs.OpCreate, (*Tree).Mkdir) }

// RemoveDir implements imagefs.Volume.
func (s *Session) RemoveDir(name string) error {
	return s.change(name, imagefs.OpRemove, (*Tree).RemoveDir)
}

// Rename implements imagefs.Volume.
func (s *Session) Rename(name, as string) error {
	return s.change(name, imagefs.OpChange, func(t *Tree, name string) error { return t.Rename(name, as) })
}

// Link implements imagefs.Linked.
func (s *Session) Link(name, as string) error {
	return s.change(name, imagefs.OpCreate, func(t *Tree, name string) error { return t.Link(name, as) })
}

// Stat implements imagefs.Volume.
func (s *Session) Stat(name string) (imagefs.Info, error) {
	return in(s, name, imagefs.OpOpen, (*Tree).Stat)
}

// ReadDir implements imagefs.Volume.
func (s *Session) ReadDir(name string) ([]fs.DirEntry, error) {
	return in(s, name, imagefs.OpRead, (*Tree).ReadDir)
}

// SyncDir implements imagefs.Volume.
func (s *Session) SyncDir(name string) error { return s.change(name, imagefs.OpWrite, (*Tree).SyncDir) }

// Security implements imagefs.Secured.
func (s *Session) Security(name string) (sd []byte, ok bool, err error) {
	t, name, err := s.tree(name, imagefs.OpReadSecurity)
	if err != nil {
		return nil, false, err
	}
	return t.Security(name)
}

// SetSecurity implements imagefs.Secured.
func (s *Session) SetSecurity(name string, sd []byte) (applied bool, err error) {
	t, name, err := s.tree(name, imagefs.OpSetSecurity)
	if err != nil {
		return false, err
	}
	return t.SetSecurity(name, sd)
}

// in does something with a name in the tree that has it.
func in[T any](s *Session, name string, o imagefs.Op, do func(*Tree, string) (T, error)) (T, error) {
	t, name, err := s.tree(name, o)
	if err != nil {
		var none T
		return none, err
	}
	return do(t, name)
}

func (s *Session) change(name string, o imagefs.Op, do func(*Tree, string) error) error {
	t, name, err := s.tree(name, o)
	if err != nil {
		return err
	}
	return do(t, name)
}

// cost counts what a session writes.
type cost struct{ bytes, syncs atomic.Int64 }

func (c *cost) wrote(n int) { c.bytes.Add(int64(n)) }
func (c *cost) synced()     { c.syncs.Add(1) }

func (c *cost) total() imagefs.Cost {
	return imagefs.Cost{Bytes: c.bytes.Load(), Syncs: int(c.syncs.Load())}
}

// Attributes implements imagefs.Attributed.
func (s *Session) Attributes(name string) (imagefs.Attributes, error) {
	t, name, err := s.tree(name, imagefs.OpRead)
	if err != nil {
		return imagefs.Attributes{}, err
	}
	return t.Attributes(name)
}

// SetAttributes implements imagefs.Attributed.
func (s *Session) SetAttributes(name string, a imagefs.Attributes) error {
	t, name, err := s.tree(name, imagefs.OpChange)
	if err != nil {
		return err
	}
	return t.SetAttributes(name, a)
}
