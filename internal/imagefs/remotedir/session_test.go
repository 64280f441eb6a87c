package remotedir_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// disk is a machine whose files are those of a folder of this one.
type disk struct {
	steps    []string // what was changed, in order
	fetched  int
	fails    error  // what every change comes to
	loseNext bool   // the next write says that it worked and does nothing
	breaks   int    // the number of the change with which the connection breaks; 0: never
	how      int    // it breaks before, amid or after that change
	once     bool   // it does not break: that change fails, before it has done anything
	atStep   func() // called with every change
}

var _ remotedir.Machine = (*disk)(nil)

func (d *disk) Join(dir, name string) string { return filepath.Join(dir, name) }

func (d *disk) Split(path string) (dir, name string) { return filepath.Dir(path), filepath.Base(path) }

func (d *disk) List(_ context.Context, dir string) ([]remotedir.Entry, error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, errors.New("not a directory")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []remotedir.Entry
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		out = append(out, remotedir.Entry{Name: e.Name(), Mode: info.Mode().Type(), Size: info.Size(), Links: 1})
	}
	return out, nil
}

func (d *disk) Fetch(_ context.Context, path string, _ int64) ([]byte, error) {
	d.fetched++
	return os.ReadFile(path)
}

func (d *disk) Digests(_ context.Context, paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			out = append(out, "")
			continue
		}
		out = append(out, sum(data))
	}
	return out, nil
}

func (d *disk) step(what, path string, do func() error) error {
	if d.fails != nil {
		return d.fails
	}
	d.steps = append(d.steps, what+" "+filepath.Base(path))
	if d.atStep != nil {
		d.atStep()
	}
	if d.once && len(d.steps) == d.breaks {
		return fmt.Errorf("no space for step %d", d.breaks)
	}
	if len(d.steps) != d.breaks {
		return do()
	}
	d.fails = errors.New("broken pipe")
	if d.how != before {
		return errors.Join(do(), d.fails)
	}
	return d.fails
}

// How a connection breaks.
const (
	before = iota
	amid
	after
)

func (d *disk) Create(_ context.Context, path string) error {
	return d.step("create", path, func() error {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		return f.Close()
	})
}

func (d *disk) Mkdir(_ context.Context, path string) error {
	return d.step("mkdir", path, func() error { return os.Mkdir(path, 0o700) })
}

func (d *disk) RemoveDir(_ context.Context, path string) error {
	return d.step("rmdir", path, func() error { return os.Remove(path) })
}

func (d *disk) Write(_ context.Context, path string, pieces []remotedir.Piece, size int64) error {
	return d.step("write", path, func() error {
		if d.loseNext {
			d.loseNext = false
			return nil
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		if d.fails != nil && d.how == amid && len(pieces) > 0 { // half of the last piece, and no new size
			last := &pieces[len(pieces)-1]
			last.Data, size = last.Data[:len(last.Data)/2], -1
		}
		for _, p := range pieces {
			if _, err := f.WriteAt(p.Data, p.Offset); err != nil {
				return err
			}
		}
		if size >= 0 {
			err = f.Truncate(size)
		}
		return errors.Join(err, f.Close())
	})
}

func (d *disk) Copy(_ context.Context, from, to string) error {
	return d.step("copy", from, func() error {
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o600)
	})
}

func (d *disk) Rename(_ context.Context, from, to string) error {
	return d.step("rename", from, func() error { return os.Rename(from, to) })
}

func (d *disk) Remove(_ context.Context, paths ...string) error {
	return d.step("remove", paths[0], func() error {
		for _, p := range paths {
			if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	})
}

func (d *disk) Scrub(_ context.Context, paths ...string) error {
	for _, p := range paths {
		if err := d.step("scrub", p, func() error {
			if info, err := os.Stat(p); err == nil {
				if err := os.WriteFile(p, make([]byte, info.Size()), 0o600); err != nil {
					return err
				}
			}
			return ignoreMissing(os.Remove(p))
		}); err != nil {
			return err
		}
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (d *disk) SyncDir(_ context.Context, dir string) error {
	return d.step("sync", dir, func() error { return nil })
}

// remoteTree makes a tree on another machine.
func remoteTree(t *testing.T, files map[string]string) (r windows, d *disk, dir string) {
	t.Helper()
	dir = tree(t, files)
	d = &disk{}
	return openWindows(t.Context(), t, d, dir), d, dir
}

func TestRemoteWritesOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 5*4096+7)
	r, d, dir := remoteTree(t, map[string]string{"config/SYSTEM": big, "config/SYSTEM.LOG1": "log"})
	f, err := r.OpenWrite("CONFIG/system")
	must(t, err)
	_, err = f.WriteAt([]byte("new"), 2*4096+5)
	must(t, err)
	_, err = f.WriteAt([]byte("end"), 5*4096+7)
	must(t, err)
	must(t, f.Sync())
	must(t, f.Sync()) // nothing to do
	must(t, f.Close())
	if len(d.steps) > 0 {
		t.Errorf("before the commit the machine was asked to %q", d.steps)
	}
	must(t, r.finish())
	want := []byte(big + "end")
	copy(want[2*4096+5:], "new")
	got, err := os.ReadFile(filepath.Join(dir, "config", "SYSTEM"))
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Error("the machine's file holds something else than what was written")
	}
	if steps := strings.Join(d.steps, ", "); steps != "copy SYSTEM, write SYSTEM, scrub SYSTEM"+remotedir.BackupSuffix {
		t.Errorf("the machine was asked to %s", steps)
	}
}

func TestRemoteReadsNothingTwiceAndNothingOld(t *testing.T) {
	t.Parallel()
	r, d, dir := remoteTree(t, map[string]string{"SYSTEM": "one", "SAM": "sam"})
	content := func(name string) string {
		f, err := r.Open(name)
		must(t, err)
		defer f.Close()
		return read(t, f)
	}
	content("SYSTEM")
	content("SAM")
	if content("SYSTEM") != "one" || d.fetched != 2 {
		t.Errorf("%d files were fetched, want 2", d.fetched)
	}
	must(t, os.WriteFile(filepath.Join(dir, "SYSTEM"), []byte("two"), 0o600))
	if got := content("SYSTEM"); got != "two" {
		t.Errorf("read %q after the machine's file had changed", got)
	}
	content("SAM")
	if d.fetched != 3 {
		t.Errorf("%d files were fetched, want 3", d.fetched)
	}
}

func TestRemoteRefusesToWriteOverWhatSomebodyElseWrote(t *testing.T) {
	t.Parallel()
	r, d, dir := remoteTree(t, map[string]string{"SYSTEM": "one", "SOFTWARE": "soft"})
	soft, err := r.Open("SOFTWARE")
	must(t, err)
	defer soft.Close()
	f, err := r.OpenWrite("SYSTEM")
	must(t, err)
	_, err = f.WriteAt([]byte("mine"), 0)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "SOFTWARE"), []byte("theirs"), 0o600))
	must(t, f.Sync())
	wantCode(t, r.finish(), winerr.Busy, "SOFTWARE has changed since it was fetched")
	if len(d.steps) > 0 {
		t.Errorf("the machine was asked to %q", d.steps)
	}
}

func TestRemoteFinishComparesAndKeepsTheCopy(t *testing.T) {
	t.Parallel()
	r, d, dir := remoteTree(t, map[string]string{"SYSTEM": "one"})
	f, err := r.OpenWrite("SYSTEM")
	must(t, err)
	_, err = f.WriteAt([]byte("two"), 0)
	must(t, err)
	d.loseNext = true
	must(t, f.Close())
	wantCode(t, r.finish(), winerr.CantCreateJoinInfo, "does not hold what was written to it",
		"SYSTEM"+remotedir.BackupSuffix)
	if _, err := os.Stat(filepath.Join(dir, "SYSTEM"+remotedir.BackupSuffix)); err != nil {
		t.Error("the copy is gone:", err)
	}
}

func TestRemoteRemovesWhatAKilledRunLeft(t *testing.T) {
	t.Parallel()
	r, _, dir := remoteTree(t, map[string]string{"SYSTEM": "one", "SYSTEM" + remotedir.BackupSuffix: "old"})
	f, err := r.OpenWrite("SYSTEM")
	must(t, err)
	must(t, f.Close())
	must(t, r.finish())
	if _, err := os.Stat(filepath.Join(dir, "SYSTEM"+remotedir.BackupSuffix)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the copy is still there:", err)
	}
}

func TestRemoteMakesNamesLikeADirectory(t *testing.T) {
	t.Parallel()
	r, _, dir := remoteTree(t, map[string]string{"System32/ODJBOOT.EXE": "old", "System32/sub/x": ""})
	f, err := r.Create("System32/odjboot.tmp")
	must(t, err)
	_, err = f.WriteAt([]byte("program"), 0)
	must(t, err)
	must(t, f.Truncate(4))
	must(t, f.Sync())
	must(t, f.Close())
	if _, err := r.Create("system32/ODJBOOT.tmp"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating what is there: %v", err)
	}
	wantCode(t, r.Rename("System32/odjboot.tmp", "../out"), winerr.InvalidParameter)
	must(t, r.Rename("System32/odjboot.tmp", "odjboot.exe"))
	must(t, r.SyncDir("System32"))
	if g, err := r.Open("System32/odjboot.exe"); err != nil || read(t, g) != "prog" {
		t.Errorf("read %v", err)
	}
	if info, err := r.Stat("System32/odjboot.exe"); err != nil || info.Size != 4 {
		t.Errorf("the file: %+v, %v", info, err)
	}
	entries, err := r.Session.ReadDir("Windows/System32")
	must(t, err)
	if len(entries) != 2 || !entries[1].IsDir() {
		t.Errorf("listed %v", entries)
	}
	must(t, r.Remove("System32/odjboot.exe"))
	if _, err := r.Stat("System32/odjboot.exe"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after removal: %v", err)
	}
	if err := r.Remove("System32/sub"); err == nil {
		t.Error("a directory was removed as a file")
	}
	if err := r.RemoveDir("System32/sub"); err == nil {
		t.Error("a directory with a file in it was removed")
	}
	must(t, r.Mkdir("Panther"))
	if err := r.Mkdir("PANTHER"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("making a directory that is there: %v", err)
	}
	if info, err := r.Stat("panther"); err != nil || !info.IsDir {
		t.Errorf("the directory: %+v, %v", info, err)
	}
	must(t, r.RemoveDir("Panther"))
	if _, err := r.Stat("Panther"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after removal: %v", err)
	}
	must(t, r.Mkdir("Setup"))
	again, err := r.Create("System32/odjboot.exe")
	must(t, err)
	_, err = again.WriteAt([]byte("again"), 0)
	must(t, err)
	must(t, again.Close())
	must(t, r.finish())
	got, err := os.ReadFile(filepath.Join(dir, "System32", "odjboot.exe"))
	if err != nil || string(got) != "again" {
		t.Errorf("the machine's file holds %q, %v", got, err)
	}
	for name, there := range map[string]bool{"System32/ODJBOOT.EXE": false, "Panther": false, "Setup": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != there {
			t.Errorf("%s is there: %v", name, err == nil)
		}
	}
}

func TestRemoteNeverGoesThroughALink(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"config/SYSTEM": "x"})
	must(t, os.Symlink("config", filepath.Join(dir, "other")))
	must(t, os.Symlink("SYSTEM", filepath.Join(dir, "config", "SAM")))
	r := openWindows(t.Context(), t, &disk{}, dir)
	for _, name := range []string{"other/SYSTEM", "config/SAM"} {
		var irregular *imagefs.IrregularError
		if _, err := r.Open(name); !errors.As(err, &irregular) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Create("other/new"); err == nil {
		t.Error("a file was made through a link")
	}
	if _, err := remotedir.NewTree(&disk{}, at(filepath.Join(dir, "other"))).Open(t.Context(), imagefs.Read); err == nil {
		t.Error("a link was taken as the Windows directory")
	}
	_, err := remotedir.NewTree(&disk{}, at(filepath.Join(dir, "none"))).Open(t.Context(), imagefs.Read)
	wantCode(t, err, winerr.FileNotFound, "is the image mounted there?")
}

func TestRemoteErrorsHaveCodes(t *testing.T) {
	t.Parallel()
	for cause, code := range map[error]winerr.Code{
		imagefs.ErrReadOnly: winerr.AccessDenied, imagefs.ErrNoSpace: winerr.DiskFull, fs.ErrPermission: winerr.AccessDenied,
		errors.New("lost"): winerr.CantCreateJoinInfo,
	} {
		r, d, _ := remoteTree(t, map[string]string{"SYSTEM": "x"})
		d.fails = cause
		_, err := r.Create("new")
		must(t, err)
		err = r.finish()
		wantCode(t, err, code)
		if !errors.Is(err, cause) {
			t.Errorf("%v does not lead to %v", err, cause)
		}
	}
}

func TestRemoteEndsWhatHasBegunAndBeginsNothing(t *testing.T) {
	t.Parallel()
	for _, begun := range []bool{false, true} {
		dir := tree(t, map[string]string{"SYSTEM": "old", "SAM": "old"})
		ctx, cancel := context.WithCancel(t.Context())
		d := &disk{}
		r := openWindows(ctx, t, d, dir)
		for _, name := range []string{"SYSTEM", "SAM"} {
			f, err := r.OpenWrite(name)
			must(t, err)
			_, err = f.WriteAt([]byte("new"), 0)
			must(t, err)
			must(t, f.Close())
		}
		if begun {
			d.atStep = cancel
		} else {
			cancel()
		}
		err := r.finish()
		sam, readErr := os.ReadFile(filepath.Join(dir, "SAM"))
		must(t, readErr)
		switch {
		case begun && (err != nil || string(sam) != "new"):
			t.Errorf("what had begun was not ended: %v", err)
		case !begun && (!errors.Is(err, context.Canceled) || len(d.steps) > 0):
			t.Errorf("the machine was asked to %q after the end: %v", d.steps, err)
		}
	}
}

// A step that fails on a machine that still answers takes back all that was done before it.
func TestRemoteUndoesWhatWasDoneBeforeAFailure(t *testing.T) {
	t.Parallel()
	old := map[string]string{"SYSTEM": strings.Repeat("x", 3*4096), "gone": "gone", "name": "name", "short": strings.Repeat("y", 5000)}
	changes := func(t *testing.T, d *disk, dir string) error {
		r := openWindows(t.Context(), t, d, dir)
		defer r.Close()
		f, err := r.OpenWrite("SYSTEM")
		must(t, err)
		for _, at := range []int64{0, 2 * 4096, 3 * 4096} {
			_, err = f.WriteAt([]byte("new"), at)
			must(t, err)
			must(t, f.Sync())
		}
		must(t, f.Close())
		g, err := r.OpenWrite("short")
		must(t, err)
		must(t, g.Truncate(10))
		_, err = g.WriteAt([]byte("longer"), 6000)
		must(t, err)
		must(t, g.Close())
		must(t, r.Remove("gone"))
		must(t, r.Mkdir("folder"))
		h, err := r.Create("temp")
		must(t, err)
		_, err = h.WriteAt([]byte("content"), 0)
		must(t, err)
		must(t, h.Close())
		must(t, r.Rename("temp", "name"))
		must(t, r.Session.SyncDir("Windows"))
		return r.finish()
	}
	whole := &disk{}
	must(t, changes(t, whole, tree(t, old)))
	for n := 1; n <= len(whole.steps); n++ {
		if strings.HasPrefix(whole.steps[n-1], "scrub") {
			continue // the changes are made by then
		}
		dir := tree(t, old)
		err := changes(t, &disk{breaks: n, once: true}, dir)
		wantCode(t, err, winerr.CantCreateJoinInfo, "no space for step")
		found := map[string]string{}
		must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if path == dir || err != nil {
				return err
			}
			content, _ := os.ReadFile(path) // of a directory: none
			found[filepath.Base(path)] = string(content)
			return nil
		}))
		if !maps.Equal(found, old) {
			t.Errorf("after %s had failed: %d files are there, or one has other content", whole.steps[n-1], len(found))
		}
	}
}

// The root of the drive is reached only where a name lies beside the Windows directory, and only when that has the name
// that Windows gives it.
func TestRemoteIsRootedAtTheDrive(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"System32/f": "x"})
	must(t, os.WriteFile(filepath.Join(filepath.Dir(dir), "Unattend.xml"), []byte("answers"), 0o600))
	s, err := remotedir.NewTree(&disk{}, at(dir)).Open(t.Context(), imagefs.Read)
	must(t, err)
	f, err := s.Open("unattend.XML")
	must(t, err)
	if got := read(t, f); got != "answers" || !s.DriveKnown() {
		t.Errorf("read %q", got)
	}
	if got, want := s.Path("Windows/System32/f"), "rescue:"+filepath.Join(dir, "System32", "f"); got != want {
		t.Errorf("Path = %s, want %s", got, want)
	}
	copied := filepath.Join(filepath.Dir(dir), "web01")
	must(t, os.Rename(dir, copied))
	s, err = remotedir.NewTree(&disk{}, at(copied)).Open(t.Context(), imagefs.Read)
	must(t, err)
	if _, err := s.Open("web01/System32/f"); err != nil {
		t.Error(err)
	}
	if _, err := s.Open("Unattend.xml"); !errors.Is(err, fs.ErrNotExist) || s.DriveKnown() {
		t.Errorf("beside a copied Windows directory: %v", err)
	}
}

// A second session reads what is there, and fetches only what has changed since the first.
func TestRemoteSessionsShareWhatIsUnchanged(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"SYSTEM": "one", "SAM": "sam"})
	d := &disk{}
	tree := remotedir.NewTree(d, at(dir))
	content := func(name string) string {
		s, err := tree.Open(t.Context(), imagefs.Read)
		must(t, err)
		f, err := s.Open("Windows/" + name)
		must(t, err)
		got := read(t, f)
		must(t, errors.Join(f.Close(), s.Close()))
		return got
	}
	content("SYSTEM")
	content("SAM")
	content("SYSTEM")
	if d.fetched != 2 {
		t.Errorf("%d files were fetched, want 2", d.fetched)
	}
	must(t, os.WriteFile(filepath.Join(dir, "SYSTEM"), []byte("two"), 0o600))
	if got := content("SYSTEM"); got != "two" || d.fetched != 3 {
		t.Errorf("read %q after %d fetches", got, d.fetched)
	}
}
