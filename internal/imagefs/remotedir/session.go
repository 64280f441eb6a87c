package remotedir

import (
	"cmp"
	"context"
	"io/fs"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// Session is a visit to an image that is mounted on another machine: the tree of a rescue or surrogate system.
//
// What is opened is fetched whole and lives in memory; nothing of it is ever put into a file of this machine. Changes stay
// in memory, too, as a list of steps: each Sync of a file is one, with the pages that were written since the last.
// [Session.Commit] carries the list to the other machine, in one stream where the machine can take it so ([Batcher]). Each
// step is done there, on the very file that is there, and on the disk, before the next begins. So the order of writes and
// barriers by which package regf makes a hive old or new at every instant holds there as it does on a local disk, wherever
// the connection breaks; owner, access list and the rest of a file stay as they are.
//
// The stream begins with a comparison, by digest, of everything that was fetched with what is there now. A difference
// refuses the change (170): something else works on the image, and it may be a running Windows. Then each hive file that
// may be written is copied beside itself, with [BackupSuffix]. It ends with a comparison with what is meant to be there,
// and the removal of the copies. When the two differ, the copies stay, for the user to go back to. When a step fails and
// the connection is still there, the steps before it are undone, the last first.
//
// A session of a [Tree] after another compares what the first had fetched by digest with what is there, and fetches anew
// what differs: reading back is reading what is there. So it is, before a change, when all files are closed and opened
// again.
//
// What a local directory has and this has not: a lock that others respect (TryLock reports so), and security descriptors.
// A call fails when the context of [Tree.Open] ends, except that a Commit that has begun may go on for a little, so that a
// user who interrupts does not leave a half-written image behind without need.
type Session struct {
	ctx     context.Context
	tree    *Tree
	machine Machine

	mu        sync.Mutex
	listings  map[string][]Entry // by directory name in the image
	files     map[string]*content
	fetched   map[string]string // the digest of each file that was fetched, by its path
	open      int               // handles
	stale     bool              // the contents are to be compared with what is there before they are used
	gathered  bool              // the usual files were asked for
	writes    bool              // the session is for changes
	committed bool
	queue     []change // what Commit is to do
	backups   []backup
	cost      imagefs.Cost
}

// backup is a copy of a file beside itself.
type backup struct {
	name   string // of the file, in the image
	of, at string // paths on the machine: the file, and its copy
}

var (
	_ imagefs.Deferred   = (*Session)(nil)
	_ imagefs.HeadReader = (*Session)(nil)
)

// BackupSuffix is what the name of a copy ends with that is beside a hive while it is being written.
const BackupSuffix = ".odjbackup"

// maxFetch bounds one fetched file. The largest hives that were seen have 150 MiB.
const maxFetch = 512 << 20

// MaxScrub bounds, in bytes, what a machine overwrites of a file that it scrubs: no file that a session makes is larger, and one
// that an enemy gave the name of a copy may have no end.
const MaxScrub = maxFetch

// String implements imagefs.Session.
func (r *Session) String() string { return r.tree.at.String() }

// Windows implements imagefs.Session.
func (r *Session) Windows() string { return r.tree.windows }

// DriveKnown implements imagefs.Session.
func (r *Session) DriveKnown() bool { return r.tree.drive != "" }

// Path implements imagefs.Volume.
func (r *Session) Path(name string) string {
	return plaintext.Line(r.tree.at.Machine+":"+r.tree.on(name), 0)
}

// Prepare implements imagefs.Session: the steps are there already.
func (r *Session) Prepare(context.Context) error { return nil }

// NewDisk implements imagefs.Deferred: the image itself is changed.
func (r *Session) NewDisk() *imagefs.NewDisk { return nil }

// Secret implements imagefs.Deferred: what the session holds of the image is wiped when it ends.
func (r *Session) Secret([]byte) {}

// KeepsOld implements imagefs.Deferred: files are changed where they are, and no old bytes are kept.
func (r *Session) KeepsOld() bool { return false }

// Close implements imagefs.Session. Changes that were not committed are dropped; a session for changes removes what a run
// that was killed has left, and returns the error of that. What was fetched is handed on to the tree's next session.
func (r *Session) Close() error {
	r.mu.Lock()
	leave := r.committed || !r.writes
	r.mu.Unlock()
	var err error
	if !leave {
		err = r.tidy()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tree.keep(r.files)
	r.forgetChanges()
	r.files, r.listings = map[string]*content{}, map[string][]Entry{}
	return err
}

// found is an entry with the image's own spelling of its name.
type found struct {
	Entry
	name string // in the image, as spelt there
	path string // on the machine
}

// find looks a name up.
func (r *Session) find(name string) (found, error) {
	parts, err := imagefs.Components(name)
	if err != nil {
		return found{}, err
	}
	at := found{Entry: Entry{Name: ".", Mode: fs.ModeDir, Links: 1}, name: ".", path: r.tree.drive}
	if len(parts) > 0 && imagefs.SameName(parts[0], r.tree.windows) { // by its own path: the drive need not be listed
		at.Entry.Name, at.name, at.path = r.tree.windows, r.tree.windows, r.tree.at.WindowsPath
		parts = parts[1:]
	} else if r.tree.drive == "" {
		return found{}, r.failed(imagefs.OpOpen, name, fs.ErrNotExist)
	}
	for _, part := range parts {
		if !at.Mode.IsDir() {
			return found{}, imagefs.Irregular(r.Path(at.name), at.Mode, "a directory")
		}
		entry, err := r.entry(at.name, part)
		if err != nil {
			return found{}, err
		}
		at = found{Entry: entry, name: path.Join(at.name, entry.Name), path: r.machine.Join(at.path, entry.Name)}
		if t := entry.Mode.Type(); t != 0 && t != fs.ModeDir {
			return found{}, imagefs.Irregular(r.Path(at.name), t, "a file or directory")
		}
	}
	return at, nil
}

// entry finds one entry of a directory by the rules of [imagefs.Match].
func (r *Session) entry(dir, name string) (Entry, error) {
	entries, err := r.list(dir)
	if err != nil {
		return Entry{}, err
	}
	names := func(yield func(string) bool) {
		for _, e := range entries {
			if !yield(e.Name) {
				return
			}
		}
	}
	spelt, err := imagefs.Match(r.Path(dir), name, names)
	if err != nil {
		return Entry{}, r.failed(imagefs.OpOpen, path.Join(dir, name), err)
	}
	return entries[slices.IndexFunc(entries, func(e Entry) bool { return e.Name == spelt })], nil
}

// list returns the entries of a directory, which is spelt as the image does.
func (r *Session) list(dir string) ([]Entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.freshen(); err != nil {
		return nil, err
	}
	if entries, ok := r.listings[dir]; ok {
		return entries, nil
	}
	r.gather()
	if entries, ok := r.listings[dir]; ok {
		return entries, nil
	}
	entries, err := r.machine.List(r.ctx, r.tree.on(dir))
	if err != nil {
		return nil, r.failed(imagefs.OpRead, dir, err)
	}
	r.listings[dir] = entries
	return entries, nil
}

// failed gives an error of the machine its code.
func (r *Session) failed(o imagefs.Op, name string, err error) error {
	return imagefs.Wrap(o, r.Path(name), err)
}

// Stat implements imagefs.Volume.
func (r *Session) Stat(name string) (imagefs.Info, error) {
	at, err := r.find(name)
	if err != nil {
		return imagefs.Info{}, err
	}
	info := at.info()
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.files[at.name]; c != nil {
		info.Size = int64(len(c.data))
	}
	return info, nil
}

func (f found) info() imagefs.Info {
	if f.Mode.IsDir() {
		return imagefs.Info{Name: f.Name, IsDir: true, Links: 1}
	}
	return imagefs.Info{Name: f.Name, Size: f.Size, Links: max(f.Links, 1)}
}

// ReadDir implements imagefs.Volume.
func (r *Session) ReadDir(name string) ([]fs.DirEntry, error) {
	at, err := r.find(name)
	if err != nil {
		return nil, err
	}
	if !at.Mode.IsDir() {
		return nil, imagefs.Irregular(r.Path(at.name), at.Mode, "a directory")
	}
	entries, err := r.list(at.name)
	if err != nil {
		return nil, err
	}
	out := make([]fs.DirEntry, len(entries))
	for i, e := range entries {
		out[i] = fs.FileInfoToDirEntry(entryInfo{e})
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
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
