package answerfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// staged finds, plans and writes a join, and returns the record's text.
func staged(t *testing.T, img imagefs.Session, o Options) string {
	t.Helper()
	place, err := Find(img, "")
	if err != nil {
		t.Fatal(err)
	}
	text, err := stageAt(place, o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func stageAt(place *Place, o Options) (record string, err error) {
	edit, err := Plan(place.Content, webJoin(), o)
	if err != nil {
		return "", err
	}
	r, err := place.Record(edit)
	if err != nil {
		return "", err
	}
	_, err = place.Write(edit, r, nil)
	return r.Text(), err
}

func unstaged(t *testing.T, img imagefs.Session, text string) *Removal {
	t.Helper()
	record, err := ParseRecord(text)
	if err != nil {
		t.Fatal(err)
	}
	removal, err := record.Unstage(img, "")
	if err != nil {
		t.Fatal(err)
	}
	return removal
}

// files returns all files below root by their slash names, and folders with a nil content.
func files(t *testing.T, root string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		all[filepath.ToSlash(name)] = nil
		if d.Type().IsRegular() {
			all[filepath.ToSlash(name)], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func sameFiles(a, b map[string][]byte) error {
	for name := range b {
		if _, ok := a[name]; !ok {
			return fmt.Errorf("%s is new", name)
		}
	}
	for name, content := range a {
		if got, ok := b[name]; !ok || !bytes.Equal(got, content) {
			return fmt.Errorf("%s is there: %v; it is %q, was %q", name, ok, got, content)
		}
	}
	return nil
}

// scenes are images before a join.
func scenes() map[string]map[string]string {
	withCredentials := head + specialize(shell("amd64", computerName("*"))+unattendedJoin("amd64", credentials)) + oobe +
		tail
	return map[string]map[string]string{
		"no file, no folder": {},
		"no file":            {"Windows/Panther/setupact.log": "x"},
		"a file":             {"Windows/Panther/unattend.xml": head + oobe + tail},
		"with credentials":   {"Windows/Panther/unattend.xml": withCredentials},
		"on the drive":       {"Unattend.xml": withCredentials},
	}
}

func TestStageAndUnstage(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			img, root := image(t, scene)
			before := files(t, root)
			record := staged(t, img, Options{Replace: true})

			found, _, err := secrets().InTree(root, nil)
			if err != nil || len(found) != 1 {
				t.Errorf("after staging the account data is in %d files, %v", len(found), err)
			}
			place, err := Find(img, "")
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(place.Path)
			if err != nil || filepath.Separator == '/' && info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v: want mode 0600", info, err)
			}
			edit, err := Plan(place.Content, webJoin(), Options{})
			if err != nil || !edit.Unchanged() {
				t.Errorf("planned again: %+v, %v", edit, err)
			}

			if removal := unstaged(t, img, record); removal.Outcome != Restored || removal.Notes != nil {
				t.Errorf("%+v", removal)
			}
			if err := sameFiles(before, files(t, root)); err != nil {
				t.Error(err)
			}
			if removal := unstaged(t, img, record); removal.Outcome != Gone {
				t.Errorf("unstaged again: %+v", removal)
			}
		})
	}
}

// TestOldContentIsOverwritten keeps each file that loses its name open.
func TestOldContentIsOverwritten(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			img, _ := image(t, scene)
			kept := map[string]*os.File{}
			keep := func(as string) {
				place, err := Find(img, "")
				if err != nil || !place.Exists() {
					return
				}
				if kept[as], err = os.Open(place.Path); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { kept[as].Close() }) // only read
			}
			keep("before")
			record := staged(t, img, Options{Replace: true})
			keep("staged")
			unstaged(t, img, record)
			if kept["staged"] == nil {
				t.Error("the test has kept nothing")
			}
			for name, f := range kept {
				content, err := io.ReadAll(f)
				if err != nil || len(bytes.Trim(content, "\x00")) > 0 {
					t.Errorf("%s still holds %q, %v", name, content, err)
				}
				if name == "staged" && len(content) < len(accountData()) {
					t.Errorf("%s had %d bytes", name, len(content))
				}
			}
		})
	}
}

func TestWriteRefusesAChangedFile(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(file string) error{
		"changed": func(file string) error { return os.WriteFile(file, []byte(head+tail), 0o600) },
		"removed": os.Remove,
	} {
		img, _ := image(t, map[string]string{"Windows/Panther/unattend.xml": head + oobe + tail})
		place, err := Find(img, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := change(place.Path); err != nil {
			t.Fatal(err)
		}
		_, err = stageAt(place, Options{})
		if code, _ := winerr.CodeOf(err); name == "changed" && code != winerr.Busy || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWriteThroughNoLink exchanges the folder for a link before writing.
func TestWriteThroughNoLink(t *testing.T) {
	t.Parallel()
	img, root := image(t, map[string]string{"Windows/Panther/x": ""})
	place, err := Find(img, "")
	if err != nil {
		t.Fatal(err)
	}
	edit, err := Plan(nil, webJoin(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	record, err := place.Record(edit)
	if err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	panther := filepath.Join(root, "Windows", "Panther")
	if err := errors.Join(os.RemoveAll(panther), os.Symlink(outside, panther)); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if _, err := place.Write(edit, record, nil); err == nil {
		t.Error("written through a link")
	}
	if got := files(t, outside); len(got) != 1 {
		t.Errorf("outside: %v", got)
	}
}

// errCut is the end of a run that was killed.
var errCut = errors.New("the power was cut")

// cutFS is a tree in which every change after the first left ones fails, and changes nothing.
type cutFS struct {
	imagefs.Session
	left *int
}

func (c cutFS) use() error {
	if *c.left--; *c.left < 0 {
		return errCut
	}
	return nil
}

func (c cutFS) Create(name string) (imagefs.File, error) {
	if err := c.use(); err != nil {
		return nil, err
	}
	f, err := c.Session.Create(name)
	return cutFile{f, c}, err
}

func (c cutFS) OpenWrite(name string) (imagefs.File, error) {
	f, err := c.Session.OpenWrite(name)
	if err != nil {
		return nil, err
	}
	return cutFile{f, c}, nil
}

func (c cutFS) Remove(name string) error {
	return errors.Join(c.use(), c.unless(func() error { return c.Session.Remove(name) }))
}

func (c cutFS) Mkdir(name string) error {
	return errors.Join(c.use(), c.unless(func() error { return c.Session.Mkdir(name) }))
}

func (c cutFS) RemoveDir(name string) error {
	return errors.Join(c.use(), c.unless(func() error { return c.Session.RemoveDir(name) }))
}

func (c cutFS) Rename(name, as string) error {
	return errors.Join(c.use(), c.unless(func() error { return c.Session.Rename(name, as) }))
}

func (c cutFS) Link(name, as string) error {
	linked, ok := c.Session.(imagefs.Linked)
	if !ok {
		return errors.ErrUnsupported
	}
	return errors.Join(c.use(), c.unless(func() error { return linked.Link(name, as) }))
}

func (c cutFS) SyncDir(name string) error {
	return errors.Join(c.use(), c.unless(func() error { return c.Session.SyncDir(name) }))
}

func (c cutFS) unless(change func() error) error {
	if *c.left < 0 {
		return nil
	}
	return change()
}

type cutFile struct {
	imagefs.File
	tree cutFS
}

// WriteAt writes half of what it is given when the power is cut in it.
func (f cutFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.tree.use(); err != nil {
		if *f.tree.left == -1 {
			_, _ = f.File.WriteAt(p[:len(p)/2], off)
		}
		return 0, err
	}
	return f.File.WriteAt(p, off)
}

func (f cutFile) Sync() error { return errors.Join(f.tree.use(), f.File.Sync()) }

// TestCutAtEveryStep stops staging and unstaging at every single change of the file system. There is always either the
// old file or the new one, and unstaging finishes.
func TestCutAtEveryStep(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := 0
			for done := false; !done; steps++ {
				done = cutAfter(t, scene, steps)
			}
			if steps < 5 {
				t.Errorf("only %d steps", steps)
			}
			t.Logf("cut at %d steps", steps-1)
		})
	}
}

// cutAfter stages and unstages with a limit to the changes in all; done tells that both were finished.
func cutAfter(t *testing.T, scene map[string]string, limit int) (done bool) {
	t.Helper()
	img, root := image(t, scene)
	before := files(t, root)
	left := limit
	cut := cutFS{img, &left}

	place, err := Find(cut, "")
	if err != nil {
		t.Fatal(err)
	}
	edit, err := Plan(place.Content, webJoin(), Options{Replace: true})
	if err != nil {
		t.Fatal(err)
	}
	record, err := place.Record(edit)
	if err != nil {
		t.Fatal(err)
	}
	_, err = place.Write(edit, record, nil)
	oldOrNew(t, limit, place, edit.Content)
	if err == nil && left >= 0 {
		_, err = record.Unstage(cut, "")
		done = err == nil && left >= 0
		oldOrNew(t, limit, place, edit.Content)
	}
	removal, err := record.Unstage(img, "")
	if err != nil || removal.Outcome == Cut {
		t.Errorf("after %d steps: %+v, %v", limit, removal, err)
	}
	if err := sameFiles(before, files(t, root)); err != nil {
		t.Errorf("after %d steps: %v", limit, err)
	}
	return done
}

func oldOrNew(t *testing.T, limit int, place *Place, changed []byte) {
	t.Helper()
	now, err := os.ReadFile(place.Path)
	absent := errors.Is(err, os.ErrNotExist) && !place.Exists()
	if !absent && (err != nil || !bytes.Equal(now, changed) && !(place.Exists() && bytes.Equal(now, place.Content))) {
		t.Errorf("after %d steps the file is %q, %v", limit, now, err)
	}
}

// TestNothingIsLeftWithoutAName cuts the taking back of a join at every change of the file system. The next run leaves no byte
// of what the file held, which having it open lets us see.
func TestNothingIsLeftWithoutAName(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := 0
			for done := false; !done; steps++ {
				img, root := image(t, scene)
				before := files(t, root)
				record, err := ParseRecord(staged(t, img, Options{Replace: true}))
				if err != nil {
					t.Fatal(err)
				}
				place, err := Find(img, "")
				if err != nil {
					t.Fatal(err)
				}
				kept, err := os.Open(place.Path)
				if err != nil {
					t.Fatal(err)
				}
				left := steps
				_, err = record.Unstage(cutFS{img, &left}, "")
				done = err == nil && left >= 0
				if removal, err := record.Unstage(img, ""); err != nil || removal.Outcome == Cut {
					t.Errorf("after %d steps: %+v, %v", steps, removal, err)
				}
				content, err := io.ReadAll(kept)
				if err != nil || len(content) == 0 || secrets().In(content) != nil {
					t.Errorf("after %d steps the old file still holds the account data (%d bytes, %v)", steps, len(content), err)
				}
				kept.Close() // only read
				if err := sameFiles(before, files(t, root)); err != nil {
					t.Errorf("after %d steps: %v", steps, err)
				}
			}
			if steps < 5 {
				t.Errorf("only %d steps", steps)
			}
		})
	}
}

// holdingFS is a tree that does not let go of open files, as FAT on Windows does.
type holdingFS struct {
	imagefs.Session
	open *int
}

type heldFile struct {
	imagefs.File
	open *int
}

func (h holdingFS) OpenWrite(name string) (imagefs.File, error) {
	f, err := h.Session.OpenWrite(name)
	if err != nil {
		return nil, err
	}
	*h.open++
	return heldFile{f, h.open}, nil
}

func (f heldFile) Close() error {
	*f.open--
	return f.File.Close()
}

func (h holdingFS) held() error {
	if *h.open > 0 {
		return winerr.Errorf(winerr.AccessDenied, "the file is open")
	}
	return nil
}

func (h holdingFS) Rename(name, as string) error {
	if err := h.held(); err != nil {
		return err
	}
	return h.Session.Rename(name, as)
}

func (h holdingFS) Remove(name string) error {
	if err := h.held(); err != nil {
		return err
	}
	return h.Session.Remove(name)
}

// TestFileSystemsThatHoldOpenFiles: the join is staged and taken back all the same, and what could not be done is told.
func TestFileSystemsThatHoldOpenFiles(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			img, root := image(t, scene)
			before := files(t, root)
			open := 0
			holding := holdingFS{img, &open}
			record := staged(t, holding, Options{Replace: true})
			removal := unstaged(t, holding, record)
			if told := strings.Contains(strings.Join(removal.Notes, ""), "could not be overwritten"); removal.Outcome != Restored ||
				told == removal.RemoveFile { // what is only removed can be overwritten under another name
				t.Errorf("%+v", removal)
			}
			if err := sameFiles(before, files(t, root)); err != nil {
				t.Error(err)
			}
		})
	}
}

// scrubbingFS fails a test that removes a file with the account data in it: killed right after that, nobody would find the
// bytes again.
type scrubbingFS struct {
	imagefs.Session
	t       *testing.T
	root    string
	removed *int
}

func (s scrubbingFS) Remove(name string) error {
	content, err := os.ReadFile(filepath.Join(s.root, name))
	if err == nil && secrets().In(content) != nil {
		s.t.Errorf("%s is removed with the account data in it", name)
	}
	*s.removed++
	return s.Session.Remove(name)
}

// TestRemovedAnswerFilesAreOverwrittenBefore: an answer file of our own making holds nothing any more when its name goes.
func TestRemovedAnswerFilesAreOverwrittenBefore(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			img, root := image(t, scene)
			removed := 0
			record := staged(t, img, Options{Replace: true})
			removal := unstaged(t, scrubbingFS{img, t, root, &removed}, record)
			if removal.RemoveFile && removed == 0 {
				t.Error("nothing was removed")
			}
		})
	}
}

// secrets searches for the account data.
func secrets() *canary.Search {
	return canary.For(map[string][]byte{"the account data": accountData()})
}

// A record of an enemy's cannot make unstage touch anything but the places that staging can choose.
func TestUnstageTouchesNothingElse(t *testing.T) {
	t.Parallel()
	scene := map[string]string{
		"Windows/System32/config/SAM": "hive", "Windows/win.ini": "[fonts]", "Users/me/secret.xml": head + tail,
		"Windows/Panther/unattend.xml": head + tail, "Windows/my/own.xml": head + tail,
	}
	img, root := image(t, scene)
	before := files(t, root)
	for _, r := range []Record{
		{Name: "System32/config/SAM"},
		{Name: "win.ini"},
		{Name: "Users/me/secret.xml", OnDrive: true},
		{Name: "Windows/Panther/Unattend.xml/x", OnDrive: true},
		{Name: "Panther/setupact.log"},
		{Name: "my/own.xml"},
		{Name: "Windows/System32/config/SAM", OnDrive: true},
	} {
		r.Undo.Created = true // as if the file had been made by us: it would be removed
		record, err := ParseRecord(r.Text())
		if err != nil {
			t.Fatal(err)
		}
		_, err = record.Unstage(img, `C:\Windows\my\other.xml`)
		if code, _ := winerr.CodeOf(err); code != winerr.BadOfflineJoinInfo {
			t.Errorf("%s: %v", r.Name, err)
		}
	}
	if diff := cmp.Diff(before, files(t, root)); diff != "" {
		t.Error(diff)
	}
	named := Record{Name: "my/own.xml"}
	if _, err := named.Find(img, `%WINDIR%\My\OWN.xml`); err != nil { // the value UnattendFile points there
		t.Error(err)
	}
}
