package imagefs

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Remote is an image whose Windows directory is mounted on another machine: the tree of a rescue or surrogate system.
//
// What is opened is fetched whole and lives in memory; nothing of it is ever put into a file of this machine. Every Sync
// of a file carries what was written to it since to the other machine, into the very file that is there, and waits for
// the disk. So the order of writes and barriers by which package regf makes a hive old or new at every instant holds
// there as it does on a local disk, wherever the connection breaks; owner, access list and the rest of the file stay as
// they are; and the few pages that changed are all that travels.
//
// Before the first write, everything that was fetched is compared by digest with what is there now. A difference refuses
// the write (170): something else works on the image, and it may be a running Windows. Then each hive file that may be
// written is copied beside itself, with [BackupSuffix]. [Remote.Finish] compares what is there now with what is meant to
// be there, and removes the copies. When the two differ, the copies stay, for the user to go back to.
//
// All files closed and opened again are compared by digest first, and fetched anew when they differ: reading back is
// reading what is there.
//
// What a local directory has and this has not: a lock that others respect (TryLock says so), and security descriptors
// (Security says so). A call fails when the context of [NewRemote] ends, except that what is being written may go on for
// a little, so that a user who interrupts does not leave a half-written image behind without need.
type Remote struct {
	ctx     context.Context
	machine Machine
	name    string // what messages call the tree
	root    string // the machine's path of it

	mu       sync.Mutex
	listings map[string][]Entry // by directory name in the image
	files    map[string]*content
	open     int  // handles
	stale    bool // the contents are to be compared with what is there before they are used
	checked  bool // the first write has been let through
	backups  []backup
	lost     []string // names of what was written and is not there
}

// backup is a copy of a file beside itself.
type backup struct {
	name   string // of the file, in the image
	of, at string // paths on the machine: the file, and its copy
}

var _ FS = (*Remote)(nil)

// BackupSuffix is what the name of a copy ends with that is beside a hive while it is being written.
const BackupSuffix = ".odjbackup"

// maxFetch bounds one fetched file. The largest hives that were seen have 150 MiB.
const maxFetch = 512 << 20

// NewRemote returns the image whose Windows directory is at root on a machine. Messages call it name, such as
// "rescue:/mnt/web01/Windows". The context ends all that is done with it.
func NewRemote(ctx context.Context, m Machine, name, root string) (*Remote, error) {
	r := &Remote{
		ctx: ctx, machine: m, name: name, root: root,
		listings: map[string][]Entry{}, files: map[string]*content{},
	}
	if _, err := r.list("."); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, winerr.Errorf(winerr.FileNotFound, "%s does not exist: is the image mounted there? %w",
				name, fs.ErrNotExist)
		}
		return nil, err
	}
	return r, nil
}

// String implements FS.
func (r *Remote) String() string { return r.name }

// Path implements FS.
func (r *Remote) Path(name string) string {
	if name == "." {
		return r.name
	}
	return r.machine.Join(r.name, name)
}

// Close implements FS. It forgets what was fetched and wipes it, since a hive may hold a secret.
func (r *Remote) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.files {
		clear(c.data)
	}
	r.files, r.listings = map[string]*content{}, map[string][]Entry{}
	return nil
}

// found is an entry with the image's own spelling of its name.
type found struct {
	Entry
	name string // in the image, as spelt there
	path string // on the machine
}

// find looks a name up.
func (r *Remote) find(name string) (found, error) {
	parts, err := components(name)
	if err != nil {
		return found{}, err
	}
	at := found{Entry: Entry{Name: ".", Mode: fs.ModeDir, Links: 1}, name: ".", path: r.root}
	for _, part := range parts {
		if !at.Mode.IsDir() {
			return found{}, irregular(r.Path(at.name), at.Mode, "a directory")
		}
		entry, err := r.entry(at.name, part)
		if err != nil {
			return found{}, err
		}
		at = found{Entry: entry, name: path.Join(at.name, entry.Name), path: r.machine.Join(at.path, entry.Name)}
		if t := entry.Mode.Type(); t != 0 && t != fs.ModeDir {
			return found{}, irregular(r.Path(at.name), t, "a file or directory")
		}
	}
	return at, nil
}

// entry finds one entry of a directory by the rules of [match].
func (r *Remote) entry(dir, name string) (Entry, error) {
	entries, err := r.list(dir)
	if err != nil {
		return Entry{}, err
	}
	var same []Entry
	for _, e := range entries {
		if e.Name == name {
			return e, nil
		}
		if sameName(e.Name, name) && len(same) < maxAmbiguous {
			same = append(same, e)
		}
	}
	switch len(same) {
	case 0:
		return Entry{}, failed(opOpen, r.Path(path.Join(dir, name)), fs.ErrNotExist)
	case 1:
		return same[0], nil
	}
	names := make([]string, len(same))
	for i, e := range same {
		names[i] = e.Name
	}
	slices.Sort(names)
	return Entry{}, ambiguous(r.Path(dir), names)
}

// list returns the entries of a directory, which is spelt as the image does.
func (r *Remote) list(dir string) ([]Entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.freshen(); err != nil {
		return nil, err
	}
	if entries, ok := r.listings[dir]; ok {
		return entries, nil
	}
	entries, err := r.machine.List(r.ctx, r.on(dir))
	if err != nil {
		return nil, r.failed(opRead, dir, err)
	}
	r.listings[dir] = entries
	return entries, nil
}

// on returns a name as a path of the machine.
func (r *Remote) on(name string) string {
	if name == "." {
		return r.root
	}
	return r.machine.Join(r.root, name)
}

// failed gives an error of the machine its code.
func (r *Remote) failed(o op, name string, err error) error { return failed(o, r.Path(name), err) }

// Stat implements FS.
func (r *Remote) Stat(name string) (Info, error) {
	at, err := r.find(name)
	if err != nil {
		return Info{}, err
	}
	return at.info(), nil
}

func (f found) info() Info {
	if f.Mode.IsDir() {
		return Info{Name: f.Name, IsDir: true, Links: 1}
	}
	return Info{Name: f.Name, Size: f.Size, Links: max(f.Links, 1)}
}

// ReadDir implements FS.
func (r *Remote) ReadDir(name string) ([]fs.DirEntry, error) {
	at, err := r.find(name)
	if err != nil {
		return nil, err
	}
	if !at.Mode.IsDir() {
		return nil, irregular(r.Path(at.name), at.Mode, "a directory")
	}
	entries, err := r.list(at.name)
	if err != nil {
		return nil, err
	}
	out := make([]fs.DirEntry, len(entries))
	for i, e := range entries {
		out[i] = fs.FileInfoToDirEntry(entryInfo{e})
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int {
		switch {
		case a.Name() < b.Name():
			return -1
		case a.Name() > b.Name():
			return 1
		}
		return 0
	})
	return out, nil
}

// entryInfo makes an Entry a fs.FileInfo.
type entryInfo struct{ Entry }

func (e entryInfo) Name() string       { return e.Entry.Name }
func (e entryInfo) Size() int64        { return e.Entry.Size }
func (e entryInfo) Mode() fs.FileMode  { return e.Entry.Mode }
func (e entryInfo) ModTime() time.Time { return time.Time{} }
func (e entryInfo) IsDir() bool        { return e.Entry.Mode.IsDir() }
func (e entryInfo) Sys() any           { return nil }

// Security implements FS: a remote tree has no security descriptors.
func (r *Remote) Security(name string) ([]byte, bool, error) {
	_, err := r.find(name)
	return nil, false, err
}

// SetSecurity implements FS: a remote tree has no security descriptors.
func (r *Remote) SetSecurity(name string, _ []byte) (bool, error) {
	_, err := r.find(name)
	return false, err
}
