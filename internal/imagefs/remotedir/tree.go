// Package remotedir is an image that is mounted on another machine, reached over a connection that runs small commands
// there and carries bytes ([Machine]). [Tree] is the image, [Tree.Open] a session of package imagefs.
package remotedir

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Tree is an image whose Windows directory is mounted on another machine. It keeps what its sessions have fetched, so
// that the next one fetches only what has changed since; Close wipes it.
type Tree struct {
	machine Machine
	at      imagefs.Location
	windows string // the name of the Windows directory
	drive   string // the machine's path of the drive's root; "": not known

	// Report is called with a line, safe to show, for each phase of the work that takes time; it may be nil.
	Report func(line string)

	mu    sync.Mutex
	known map[string]*content
}

// defaultName is what the Windows directory is called where its path has no last name, such as for the root of a drive.
const defaultName = "Windows"

// NewTree returns the image at a location, whose WindowsPath is a path of the machine and whose Machine is what messages
// call it. Nothing is opened yet.
func NewTree(m Machine, at imagefs.Location) *Tree {
	t := &Tree{machine: m, at: at, known: map[string]*content{}}
	dir, name := m.Split(at.WindowsPath)
	if t.windows = name; imagefs.Component(name) != nil || name == "." {
		t.windows = defaultName
	}
	if strings.EqualFold(name, defaultName) {
		t.drive = dir
	}
	return t
}

// Open begins a session, which ends with its Close; one at a time. The context ends all that is done in it. An error
// carries 2 when the Windows directory is not there.
func (t *Tree) Open(ctx context.Context, mode imagefs.Mode) (*Session, error) {
	t.mu.Lock()
	files := t.known
	t.known = map[string]*content{}
	t.mu.Unlock()
	r := &Session{
		ctx: ctx, tree: t, machine: t.machine,
		listings: map[string][]Entry{}, files: files, fetched: map[string]string{}, stale: len(files) > 0,
		writes: mode == imagefs.Write,
	}
	for _, c := range files {
		r.fetched[c.entry.path] = c.digest
	}
	if _, err := r.list(t.windows); err != nil {
		t.keep(r.files)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, winerr.Errorf(winerr.FileNotFound, "%s does not exist: is the image mounted there? %w",
				t.at, fs.ErrNotExist)
		}
		return nil, err
	}
	return r, nil
}

// Location returns where the image is.
func (t *Tree) Location() imagefs.Location { return t.at }

// Opener returns t as an imagefs.Opener: it opens t, whatever location it is asked for.
func (t *Tree) Opener() imagefs.Opener {
	return func(ctx context.Context, _ imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
		s, err := t.Open(ctx, mode)
		if err != nil {
			return nil, err // not a nil *Session in an interface
		}
		return s, nil
	}
}

// Close wipes what was fetched, since a hive may hold a secret.
func (t *Tree) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.known {
		clear(c.data)
	}
	t.known = map[string]*content{}
	return nil
}

// keep takes over what a session has fetched, as far as it is what the machine has.
func (t *Tree) keep(files map[string]*content) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, c := range files {
		if c.changed() || c.touched || c.gone {
			clear(c.data)
			continue
		}
		t.known[name] = c
	}
}

// on returns a name of the volume as a path of the machine.
func (t *Tree) on(name string) string {
	first, rest, below := strings.Cut(name, "/")
	switch {
	case imagefs.SameName(first, t.windows) && below:
		return t.machine.Join(t.at.WindowsPath, rest)
	case imagefs.SameName(first, t.windows):
		return t.at.WindowsPath
	}
	dir := t.drive
	if dir == "" {
		dir, _ = t.machine.Split(t.at.WindowsPath)
	}
	if name == "." {
		return dir
	}
	return t.machine.Join(dir, name)
}
