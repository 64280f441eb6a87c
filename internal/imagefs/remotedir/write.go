package remotedir

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// grace is how long a write may go on after the context has ended.
const grace = 30 * time.Second

// pageSize is the unit in which changes travel; the ends of a page that did not change are sent with it.
const pageSize = 4096

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}

// finishing returns the context of a write: it ends a little after that of the tree.
func (r *Session) finishing() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.ctx))
	stop := context.AfterFunc(r.ctx, func() { time.AfterFunc(grace, cancel) })
	return ctx, func() { stop(); cancel() }
}

// compare returns the contents whose digest differs from that of the machine's file.
func (r *Session) compare(
	ctx context.Context, digest func(*content) string,
) (differ []*content, err error) {
	var all []*content
	var paths []string
	for _, c := range r.files {
		all, paths = append(all, c), append(paths, c.entry.path)
	}
	if len(all) == 0 {
		return nil, nil
	}
	there, err := r.machine.Digests(ctx, paths)
	if err == nil && len(there) != len(paths) {
		err = errors.New("the machine returned digests of other files")
	}
	if err != nil {
		return nil, imagefs.Wrap(imagefs.OpRead, r.String(), err)
	}
	for i, c := range all {
		if there[i] != digest(c) {
			differ = append(differ, c)
		}
	}
	slices.SortFunc(differ, func(a, b *content) int { return cmp.Compare(a.entry.name, b.entry.name) })
	return differ, nil
}

// freshen forgets what is not any more what is there, once all files have been closed, unless changes are waiting, which
// Commit compares. With r.mu held.
func (r *Session) freshen() error {
	if !r.stale || len(r.queue) > 0 {
		return nil
	}
	differ, err := r.compare(r.ctx, func(c *content) string { return c.digest })
	if err != nil {
		return err
	}
	for _, c := range differ {
		clear(c.data)
		delete(r.files, c.entry.name)
		delete(r.fetched, c.entry.path)
	}
	r.listings = map[string][]Entry{}
	r.stale, r.gathered = false, false
	return nil
}

// flush makes the changes of a file a step. With r.mu held.
func (r *Session) flush(c *content) {
	if !c.changed() || c.gone {
		return
	}
	do := Step{Kind: Write, Path: c.entry.path, Pieces: c.pieces(), Size: -1}
	if int64(len(c.data)) < c.size {
		do.Size = int64(len(c.data))
	}
	undo := Step{Kind: Write, Path: c.entry.path, Pieces: c.old, Size: -1}
	if int64(len(c.data)) != c.size {
		undo.Size = c.size
	}
	r.later(do, undo)
	r.cost.Syncs++
	for _, p := range do.Pieces {
		r.cost.Bytes += int64(len(p.Data))
	}
	c.dirty, c.old, c.size, c.touched = nil, nil, int64(len(c.data)), true
}

// keepOld keeps the pages of a run of bytes as they were before the first write since the last step.
func (c *content) keepOld(from, to int64) {
	for at := from &^ (pageSize - 1); at < min(to, c.size, int64(len(c.data))); at += pageSize {
		if i, kept := slices.BinarySearchFunc(c.old, at, func(p Piece, at int64) int { return cmp.Compare(p.Offset, at) }); !kept {
			page := slices.Clone(c.data[at:min(at+pageSize, c.size, int64(len(c.data)))])
			c.old = slices.Insert(c.old, i, Piece{Offset: at, Data: page})
		}
	}
}

// pieces returns copies of the changed pages, each run of them as one.
func (c *content) pieces() []Piece {
	spans := slices.Clone(c.dirty)
	for i, s := range spans {
		spans[i] = span{s.from &^ (pageSize - 1), min((s.to+pageSize-1)&^(pageSize-1), int64(len(c.data)))}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var runs []span
	for _, s := range spans {
		switch n := len(runs); {
		case s.from >= s.to: // cut off again
		case n > 0 && s.from <= runs[n-1].to:
			runs[n-1].to = max(runs[n-1].to, s.to)
		default:
			runs = append(runs, s)
		}
	}
	pieces := make([]Piece, len(runs))
	for i, s := range runs {
		pieces[i] = Piece{Offset: s.from, Data: slices.Clone(c.data[s.from:s.to])}
	}
	return pieces
}

// Create implements imagefs.Volume.
func (r *Session) Create(name string) (imagefs.File, error) {
	at, err := r.free(name)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.later(Step{Kind: Create, Path: at.path}, Step{Kind: Scrub, Paths: []string{at.path}})
	c := &content{entry: at, digest: sum(nil), touched: true, writers: 1}
	r.files[at.name] = c
	r.listed(at)
	return r.newHandle(c, true), nil
}

// Mkdir implements imagefs.Volume.
func (r *Session) Mkdir(name string) error {
	at, err := r.free(name)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.later(Step{Kind: Mkdir, Path: at.path}, Step{Kind: RemoveDir, Path: at.path})
	at.Mode = fs.ModeDir
	r.listed(at)
	r.listings[at.name] = []Entry{}
	return nil
}

// RemoveDir implements imagefs.Volume.
func (r *Session) RemoveDir(name string) error {
	at, err := r.find(name)
	if err != nil {
		return err
	}
	if !at.Mode.IsDir() || at.name == "." {
		return imagefs.Irregular(r.Path(at.name), at.Mode, "a directory below the image's own")
	}
	entries, err := r.list(at.name)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return r.failed(imagefs.OpRemove, at.name, imagefs.ErrNotEmpty)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.later(Step{Kind: RemoveDir, Path: at.path}, Step{Kind: Mkdir, Path: at.path})
	r.forget(at.name)
	return nil
}

// free finds the place of a file that is not there yet.
func (r *Session) free(name string) (found, error) {
	dir, base, err := r.parent(name)
	if err != nil {
		return found{}, err
	}
	switch e, err := r.entry(dir.name, base); {
	case err == nil:
		return found{}, r.failed(imagefs.OpCreate, path.Join(dir.name, e.Name), fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return found{}, err
	}
	return found{
		Entry: Entry{Name: base, Links: 1}, name: path.Join(dir.name, base), path: r.machine.Join(dir.path, base),
	}, nil
}

// parent finds the directory that holds name.
func (r *Session) parent(name string) (dir found, base string, err error) {
	parts, err := imagefs.Components(name)
	if err != nil {
		return found{}, "", err
	}
	if len(parts) == 0 {
		return found{}, "", winerr.Errorf(winerr.InvalidParameter, "%s is the image itself, not a file in it", r)
	}
	dir, err = r.find(path.Dir(name))
	if err == nil && !dir.Mode.IsDir() {
		err = imagefs.Irregular(r.Path(dir.name), dir.Mode, "a directory")
	}
	return dir, parts[len(parts)-1], err
}

// Remove implements imagefs.Volume.
func (r *Session) Remove(name string) error {
	at, err := r.regular(name)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c, err := r.content(at) // to bring it back when a later step fails
	if err != nil {
		return err
	}
	r.flush(c)
	r.later(Step{Kind: Remove, Paths: []string{at.path}}, c.anew()...)
	r.forget(at.name)
	return nil
}

// regular finds a regular file.
func (r *Session) regular(name string) (found, error) {
	at, err := r.find(name)
	if err == nil && !at.Mode.IsRegular() {
		err = imagefs.Irregular(r.Path(at.name), at.Mode, "a regular file")
	}
	return at, err
}

// anew are the steps that make a file which is not there any more.
func (c *content) anew() []Step {
	return []Step{
		{Kind: Create, Path: c.entry.path},
		{Kind: Write, Path: c.entry.path, Pieces: []Piece{{Data: slices.Clone(c.data)}}, Size: -1},
	}
}

// listed adds an entry to the listing of its directory. With r.mu held.
func (r *Session) listed(at found) {
	dir := path.Dir(at.name)
	r.unlisted(at.name)
	if entries, known := r.listings[dir]; known {
		r.listings[dir] = append(slices.Clone(entries), at.Entry)
	}
}

// unlisted takes a name out of the listing of its directory. With r.mu held.
func (r *Session) unlisted(name string) {
	dir, base := path.Dir(name), path.Base(name)
	if entries, known := r.listings[dir]; known {
		r.listings[dir] = slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return e.Name == base })
	}
}

// forget drops what is known of a name that is not there any more. With r.mu held.
func (r *Session) forget(name string) {
	if c := r.files[name]; c != nil {
		c.gone = true
		delete(r.files, name)
	}
	delete(r.listings, name)
	r.unlisted(name)
}

// Rename implements imagefs.Volume.
func (r *Session) Rename(name, as string) error {
	if err := imagefs.Component(as); err != nil {
		return err
	}
	at, err := r.regular(name)
	if err != nil {
		return err
	}
	dir := path.Dir(at.name)
	var replaced *found
	switch e, err := r.entry(dir, as); {
	case err == nil && !e.Mode.IsRegular():
		return imagefs.Irregular(r.Path(path.Join(dir, e.Name)), e.Mode, "a regular file")
	case err == nil && e.Name != at.Name:
		as = e.Name
		replaced = &found{Entry: e, name: path.Join(dir, as), path: r.machine.Join(r.tree.on(dir), as)}
	case err == nil:
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	to := found{Entry: at.Entry, name: path.Join(dir, as), path: r.machine.Join(r.tree.on(dir), as)}
	to.Entry.Name = as
	undo := []Step{{Kind: Rename, Path: to.path, To: at.path}}
	if replaced != nil {
		c, err := r.content(*replaced) // to bring it back when a later step fails
		if err != nil {
			return err
		}
		undo = append(undo, c.anew()...)
		if _, can := r.machine.(Batcher); can && c.writers > 0 {
			defer r.spare(c, at.path)()
		}
	}
	moved := r.files[at.name]
	if moved != nil {
		r.flush(moved)
	}
	r.later(Step{Kind: Rename, Path: at.path, To: to.path}, undo...)
	r.forget(to.name)
	delete(r.files, at.name)
	r.unlisted(at.name)
	r.listed(to)
	if moved != nil {
		moved.entry, moved.touched = to, true
		r.files[to.name] = moved
	}
	return nil
}

// spare keeps a file that loses its name to another reachable, so that it can be overwritten: by a second name until then,
// and by the name that the other had from then on, where the next run finds it. With r.mu held.
func (r *Session) spare(c *content, free string) (after func()) {
	second := c.entry.path + ".odjold"
	r.later(Step{Kind: Link, Path: c.entry.path, To: second}, Step{Kind: Remove, Paths: []string{second}})
	return func() {
		c.spare = free
		r.later(Step{Kind: Rename, Path: second, To: free}, Step{Kind: Scrub, Paths: []string{free}})
	}
}

// SyncDir implements imagefs.Volume.
func (r *Session) SyncDir(name string) error {
	at, err := r.find(name)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.later(Step{Kind: SyncDir, Path: at.path})
	r.cost.Syncs++
	return nil
}
