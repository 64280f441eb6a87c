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

// change lets one step of writing through to the machine, the first only when all that was fetched is still what is
// there. With r.mu held.
func (r *Session) change(do func(context.Context) error) error {
	if !r.checked {
		if err := r.ctx.Err(); err != nil {
			return err // nothing was written yet
		}
		if err := r.check(); err != nil {
			return err
		}
		r.checked = true
	}
	ctx, cancel := r.finishing()
	defer cancel()
	return do(ctx)
}

// check compares what was fetched with what is there, and copies what will be written.
func (r *Session) check() error {
	changed, err := r.compare(r.ctx, func(c *content) string { return c.digest })
	if err != nil {
		return err
	}
	if len(changed) > 0 {
		return winerr.Errorf(winerr.Busy, "%s has changed since it was fetched: is another program, or that Windows itself, "+
			"working on the image? End it and try again", r.Path(changed[0].entry.name))
	}
	ctx, cancel := r.finishing()
	defer cancel()
	if err := r.removeBackups(ctx, r.foundBackups()); err != nil { // of a run that was killed: they may hold a blob
		return err
	}
	for _, b := range r.backups {
		if err := r.machine.Copy(ctx, b.of, b.at); err != nil {
			return imagefs.Wrap(imagefs.OpWrite, b.at, errors.Join(err, r.removeBackups(ctx, r.backups)))
		}
	}
	return nil
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

// freshen forgets what is not any more what is there, once all files have been closed. What was written and is not there
// is remembered for Commit. With r.mu held.
func (r *Session) freshen() error {
	if !r.stale {
		return nil
	}
	differ, err := r.compare(r.ctx, func(c *content) string {
		if c.changed() {
			return "" // it could not be written
		}
		return c.digest
	})
	if err != nil {
		return err
	}
	for _, c := range differ {
		if r.checked {
			r.lost = append(r.lost, c.entry.name)
		}
		clear(c.data)
		delete(r.files, c.entry.name)
	}
	r.listings = map[string][]Entry{}
	r.stale = false
	return nil
}

// flush carries the changes of a file to the machine. With r.mu held.
func (r *Session) flush(c *content) error {
	if !c.changed() || c.gone {
		return nil
	}
	size := int64(-1)
	if int64(len(c.data)) < c.size {
		size = int64(len(c.data))
	}
	err := r.change(func(ctx context.Context) error { return r.machine.Write(ctx, c.entry.path, c.pieces(), size) })
	if err != nil {
		return r.failed(imagefs.OpWrite, c.entry.name, err)
	}
	r.cost.Syncs++
	for _, p := range c.pieces() {
		r.cost.Bytes += int64(len(p.Data))
	}
	c.dirty, c.digest, c.size = nil, sum(c.data), int64(len(c.data))
	return nil
}

// pieces returns the changed pages, each run of them as one.
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
		pieces[i] = Piece{Offset: s.from, Data: c.data[s.from:s.to]}
	}
	return pieces
}

// Create implements imagefs.Volume. The file is there, and empty, when it returns.
func (r *Session) Create(name string) (imagefs.File, error) {
	at, err := r.free(name)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.change(func(ctx context.Context) error { return r.machine.Create(ctx, at.path) }); err != nil {
		return nil, r.failed(imagefs.OpCreate, at.name, err)
	}
	r.forget(at.name)
	c := &content{entry: at, digest: sum(nil)}
	r.files[at.name] = c
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
	if err := r.change(func(ctx context.Context) error { return r.machine.Mkdir(ctx, at.path) }); err != nil {
		return r.failed(imagefs.OpCreate, at.name, err)
	}
	r.forget(at.name)
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
	if err := r.change(func(ctx context.Context) error { return r.machine.RemoveDir(ctx, at.path) }); err != nil {
		return r.failed(imagefs.OpRemove, at.name, err)
	}
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
	if err := r.change(func(ctx context.Context) error { return r.machine.Remove(ctx, at.path) }); err != nil {
		return r.failed(imagefs.OpRemove, at.name, err)
	}
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

// forget drops what is known of a name that means something else from now on. With r.mu held.
func (r *Session) forget(name string) {
	if c := r.files[name]; c != nil {
		c.gone = true
		delete(r.files, name)
	}
	delete(r.listings, name)
	delete(r.listings, path.Dir(name))
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
	switch e, err := r.entry(dir, as); {
	case err == nil && !e.Mode.IsRegular():
		return imagefs.Irregular(r.Path(path.Join(dir, e.Name)), e.Mode, "a regular file")
	case err == nil:
		as = e.Name
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	to := r.machine.Join(r.tree.on(dir), as)
	if err := r.change(func(ctx context.Context) error { return r.machine.Rename(ctx, at.path, to) }); err != nil {
		return r.failed(imagefs.OpChange, at.name, err)
	}
	moved := r.files[at.name]
	r.forget(path.Join(dir, as))
	delete(r.files, at.name)
	if moved != nil {
		moved.entry.Name, moved.entry.name, moved.entry.path = as, path.Join(dir, as), to
		r.files[moved.entry.name] = moved
	}
	return nil
}

// SyncDir implements imagefs.Volume.
func (r *Session) SyncDir(name string) error {
	at, err := r.find(name)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	ctx, cancel := r.finishing()
	defer cancel()
	r.cost.Syncs++
	if err := r.machine.SyncDir(ctx, at.path); err != nil {
		return r.failed(imagefs.OpWrite, at.name, err)
	}
	return nil
}

// Commit implements imagefs.Session. It ends the work on a tree, whether it went well or not: it compares every file that
// was fetched or written with what it is meant to be, and removes the copies that were made before the first write, and
// those that a run which was killed has left. When something differs, the copies stay and the error names one (2711).
// After a run that wrote nothing it does nothing but remove what others left.
func (r *Session) Commit(context.Context) (imagefs.Cost, error) {
	err := r.finish()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cost, err
}

func (r *Session) finish() error {
	left := r.leftBackups()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.committed = true
	ctx, cancel := r.finishing()
	defer cancel()
	if !r.checked {
		return r.removeBackups(ctx, left)
	}
	differ, err := r.compare(ctx, func(c *content) string { return sum(c.data) })
	if err != nil {
		return winerr.Errorf(codeOf(err), "%s; %s", sentence(err), r.kept())
	}
	for _, c := range differ {
		r.lost = append(r.lost, c.entry.name)
	}
	if len(r.lost) > 0 {
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s does not hold what was written to it; %s", r.Path(r.lost[0]), r.kept())
	}
	return r.removeBackups(ctx, r.backups)
}

func codeOf(err error) winerr.Code {
	if code, ok := winerr.CodeOf(err); ok {
		return code
	}
	return winerr.CantCreateJoinInfo
}

// sentence drops the code at the end of an error's text.
func sentence(err error) string {
	if e, ok := errors.AsType[*winerr.Error](err); ok {
		return e.Message
	}
	return err.Error()
}

// kept says where the copies are.
func (r *Session) kept() string {
	if len(r.backups) == 0 {
		return "check the disk, and try again"
	}
	return "check the disk; the hive as it was is in " + r.backups[0].at
}

func (r *Session) removeBackups(ctx context.Context, backups []backup) error {
	if len(backups) == 0 {
		return nil
	}
	paths := make([]string, len(backups))
	for i, b := range backups {
		paths[i] = b.at
	}
	if err := r.machine.Scrub(ctx, paths...); err != nil {
		return imagefs.Wrap(imagefs.OpRemove, paths[0], err)
	}
	return nil
}

// foundBackups returns those of the copies that the listings of their folders have. With r.mu held.
func (r *Session) foundBackups() (found []backup) {
	for _, b := range r.backups {
		name := path.Base(b.name) + BackupSuffix
		if slices.ContainsFunc(r.listings[path.Dir(b.name)], func(e Entry) bool { return e.Name == name }) {
			found = append(found, b)
		}
	}
	return found
}

// leftBackups returns the copies that a run which was killed has left.
func (r *Session) leftBackups() []backup {
	r.mu.Lock()
	wanted := slices.Clone(r.backups)
	r.mu.Unlock()
	var left []backup
	for _, b := range wanted {
		if _, err := r.regular(b.name + BackupSuffix); err == nil {
			left = append(left, b)
		}
	}
	return left
}
