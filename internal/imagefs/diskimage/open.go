package diskimage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/disk"
	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/disk/partition"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Session is a visit to the Windows inside a disk image file. See [imagefs.Deferred]: nothing reaches a file before Commit.
type Session struct {
	at     imagefs.Location
	mode   imagefs.Mode
	image  *disk.Image
	disk   io.ReaderAt  // the virtual disk, as it is shown
	cached *disk.Cached // of the virtual disk
	// pending is a journal of the virtual disk, which is seen to when qemu-nbd has the image open.
	pending *journalPlace
	found   partition.Partition
	many    bool // the disk has several partitions
	only    bool // one of them has a Windows, and no other
	notes   []string
	made    *imagefs.NewDisk // nil: the image itself is changed

	mu       sync.Mutex // over all that follows
	volume   *ntfs.Volume
	tx       *ntfs.Tx // nil: nothing can be changed
	fresh    *newFile // a file that was created and is not in tx yet
	files    map[*file]bool
	secrets  secrets
	prepared *prepared
	closed   bool

	progress func(done, total int64) // of the copy that Commit makes; nil for nobody
	layer    *layer
}

var (
	_ imagefs.Session  = (*Session)(nil)
	_ imagefs.Deferred = (*Session)(nil)
	_ imagefs.Noted    = (*Session)(nil)
	_ imagefs.Secured  = (*Session)(nil)

	_ imagefs.Attributed = (*Session)(nil)

	_ imagefs.Founded     = (*Session)(nil)
	_ imagefs.Progressing = (*Session)(nil)

	_ imagefs.Exposed   = (*Session)(nil)
	_ imagefs.Retaining = (*Session)(nil)
)

// Open opens the Windows in the disk image file at a location. With a new disk in the location, that one is opened once it
// exists, else the golden image, which is then only read; a session to read does not look at the golden one. Errors have the
// documented codes: 2 not there, 5 no rights, 50 of a kind that is not supported, 87 no Windows or several, 112 no room,
// 170 in use or not shut down, 2711 cannot be changed, 2717 damaged.
func Open(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (*Session, error) {
	s := &Session{at: at, mode: mode, files: map[*file]bool{}}
	if err := at.Check(); err != nil {
		return nil, err
	}
	if err := s.choose(); err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// choose decides which file is opened: the new disk where it is there.
func (s *Session) choose() error {
	path := s.at.NewPath()
	if path == "" {
		return nil
	}
	info, err := os.Lstat(path)
	if s.at.Anew && s.mode == imagefs.Rehearse && err == nil {
		err = fs.ErrNotExist
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.mode == imagefs.Read:
		return winerr.Errorf(winerr.FileNotFound, "%s is not made yet", plaintext.Line(path, 0))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return imagefs.Wrap(imagefs.OpOpen, path, err)
	}
	if err == nil {
		if err := namesFile(path, info.Mode()); err != nil {
			return err
		}
	}
	s.made = &imagefs.NewDisk{Path: path, Golden: s.at.ImagePath, Overlay: s.at.OverlayPath != "", Existed: err == nil}
	if err == nil {
		s.made.Size = info.Size()
		golden, err := os.Stat(s.at.ImagePath)
		s.made.Outdated = err == nil && !s.made.Overlay && golden.ModTime().After(info.ModTime())
		return nil
	}
	folder, err := os.Stat(filepath.Dir(path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return winerr.Errorf(winerr.FileNotFound, "cannot create %s: there is no folder %s: make it, or correct the path",
			plaintext.Line(path, 0), plaintext.Line(filepath.Dir(path), 0))
	case err != nil:
		return imagefs.Wrap(imagefs.OpCreate, path, err)
	case !folder.IsDir():
		return imagefs.Irregular(filepath.Dir(path), folder.Mode(), "a directory")
	}
	// Nobody could open the disk again, not even to take the join back.
	if _, err := os.Lstat(path + undojournal.Suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return imagefs.Wrap(imagefs.OpCreate, path+undojournal.Suffix, imagefs.FromSystem(err))
	}
	return nil
}

// namesFile refuses the path of a new disk where something is that is no disk, with the mode of that.
func namesFile(path string, mode fs.FileMode) error {
	if _, err := os.Stat(path); mode&fs.ModeSymlink != 0 && errors.Is(err, fs.ErrNotExist) {
		return winerr.Errorf(winerr.InvalidParameter, "%s is a symbolic link that leads nowhere: remove it, or give the new disk another name",
			plaintext.Line(path, 0))
	}
	if mode.IsDir() {
		return winerr.Errorf(winerr.InvalidParameter, "%s is a directory, and the new disk is a file: name one in it",
			plaintext.Line(path, 0))
	}
	return nil
}

// golden reports whether the session reads a golden image to make a new disk.
func (s *Session) golden() bool { return s.made != nil && !s.made.Existed }

// inPlace reports whether Commit changes the file that is open.
func (s *Session) inPlace() bool { return s.mode != imagefs.Read && !s.golden() }

// path returns the file that is open.
func (s *Session) path() string {
	if s.made != nil && s.made.Existed {
		return s.made.Path
	}
	return s.at.ImagePath
}

func (s *Session) open(ctx context.Context) error {
	mode := lock.Read
	if s.inPlace() && s.mode == imagefs.Write {
		mode = lock.Change
	}
	opener := disk.OpenSeeing
	if s.inPlace() {
		opener = disk.OpenInPlace
	}
	var err error
	if s.image, err = opener(ctx, s.path(), mode, lock.Options{}, s.see); err != nil {
		return s.imageError(err)
	}
	if err := s.changeable(); err != nil {
		return err
	}
	for _, l := range s.image.Chain() {
		if l.Unlocked {
			s.notes = append(s.notes, "the file system of "+l.Path+" has no locks: make sure that nothing uses it now")
		}
	}
	if misnamed := s.misnamed(); misnamed != "" {
		s.notes = append(s.notes, misnamed)
	}
	if err := s.seeDisk(); err != nil {
		return err
	}
	if err := s.find(); err != nil {
		return s.doubtful(err)
	}
	return s.begin()
}

// imageError is the refusal of the image file, which it names where err does not.
func (s *Session) imageError(err error) error {
	r, is := errors.AsType[*container.Refused](err)
	if is && err == error(r) {
		err = fmt.Errorf("%s %w", s.path(), err)
	}
	switch {
	case !is || namesWayOut(r.Detail):
	case errors.Is(err, fs.ErrPermission):
		err = fmt.Errorf("%w: run as a user who may read it", err)
	default:
		err = fmt.Errorf("%w%s", err, waysOut()[r.Kind])
	}
	return coded(imagefs.OpOpen, s.path(), err)
}

// namesWayOut reports whether the words of a refusal have a way out.
func namesWayOut(detail string) bool {
	for _, way := range []string{"qemu-img convert", "qemu-img check", "qemu-utils"} {
		if strings.Contains(detail, way) {
			return true
		}
	}
	return false
}

// changeable refuses, before anything is planned, what Commit would refuse.
func (s *Session) changeable() error {
	if s.golden() && !s.made.Overlay && len(s.image.Chain()) > 1 {
		return s.imageError(fmt.Errorf("%s %w", s.path(), &container.Refused{
			Kind: container.HasBacking,
			Detail: fmt.Sprintf("make it stand alone with qemu-img convert -O %s %s NEW, and copy that, or use overlay_path",
				s.image.Format(), s.path()),
		}))
	}
	if err := s.sameGolden(); err != nil {
		return err
	}
	if s.golden() && !s.made.Overlay && s.image.FilePath() != s.image.Path() {
		return winerr.Errorf(winerr.NotSupported, "%s keeps its data in another file, and a copy is one file: use overlay_path, or "+
			"make one of it with qemu-img convert -O qcow2", s.shown())
	}
	device := s.image.Chain()[0].Device
	if s.at.JournalDir != "" && !device && s.made == nil {
		return winerr.Errorf(winerr.InvalidParameter, "journal_dir is for block devices, and %s is a file, which has its journal "+
			"beside it: leave journal_dir out", s.shown())
	}
	if !s.inPlace() {
		return nil
	}
	if device {
		if err := s.deviceChangeable(); err != nil {
			return err
		}
	} else if err := s.checkLinks(); err != nil {
		return err
	}
	if c, ok := s.image.Container.(interface{ InPlace() error }); ok {
		if err := c.InPlace(); err != nil {
			return s.imageError(fmt.Errorf("%s %w", s.path(), err))
		}
	}
	return nil
}

// sameGolden refuses a new disk that exists and was made in another way than the location says: as an overlay of another
// image, or as an overlay where a copy is wanted.
func (s *Session) sameGolden() error {
	if s.made == nil || !s.made.Existed || s.mode == imagefs.Read {
		return nil
	}
	chain := s.image.Chain()
	switch {
	case !s.made.Overlay && len(chain) == 1:
		return nil
	case s.made.Overlay && len(chain) > 1:
		wanted, err := os.Stat(s.at.ImagePath)
		if err != nil {
			return imagefs.Wrap(imagefs.OpOpen, s.at.ImagePath, err)
		}
		if has, err := os.Stat(chain[1].Path); err == nil && os.SameFile(has, wanted) {
			return nil
		}
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s exists, and stands on %s and not on %s: remove it first, or give the "+
			"new disk another name", s.shown(), plaintext.Line(chain[1].Path, 0), plaintext.Line(s.at.ImagePath, 0))
	}
	return winerr.Errorf(winerr.CantCreateJoinInfo, "%s exists, and was not made as %s says: remove it first, or give the new disk "+
		"another name", s.shown(), newDiskWord(s.made.Overlay))
}

// newDiskWord is the option that a new disk is made by.
func newDiskWord(overlay bool) string {
	if overlay {
		return "overlay_path"
	}
	return "copy_path"
}

// deviceChangeable refuses to change a block device that has no place for its journal, or whose size is not found.
func (s *Session) deviceChangeable() error {
	switch {
	case s.at.JournalDir == "":
		return winerr.Errorf(winerr.NotSupported, "%s is a block device, beside which no journal can lie: name a folder on a disk for "+
			"it with journal_dir, always the same, or make a new disk with overlay_path or copy_path", s.shown())
	case s.image.Size() == 0:
		return winerr.Errorf(winerr.NotSupported, "the size of the block device %s is not found on this system: copy it into a file",
			s.shown())
	case s.image.Format() != container.Raw:
		return winerr.Errorf(winerr.NotSupported, "a %s image on a block device, such as %s, is not changed in place: make a new disk "+
			"with overlay_path or copy_path", s.image.Format(), s.shown())
	}
	return checkJournalDir(s.at.JournalDir)
}

// checkLinks refuses to change a file that has several names: the journal of an interrupted change would lie beside one of
// them, and who opens the file by another would not find it.
func (s *Session) checkLinks() error {
	path := s.image.FilePath()
	links, err := imagefs.CountLinks(s.image.File(), filepath.Base(path))
	if err != nil {
		return imagefs.Wrap(imagefs.OpRead, path, imagefs.FromSystem(err))
	}
	if links < 2 {
		return nil
	}
	shown := plaintext.Line(path, 0)
	return winerr.Errorf(winerr.CantCreateJoinInfo, "%s has %d names (hard links), and a change would show under all of them, with "+
		"its journal beside one: give it a file of its own (cp %s NEW), or make a new disk with overlay_path or copy_path", shown, links,
		shown)
}

// begin opens a transaction where something is going to be changed.
func (s *Session) begin() error {
	if s.mode == imagefs.Read {
		return nil
	}
	o := ntfs.Options{Now: time.Now()}
	if s.inPlace() || !s.made.Overlay {
		format := s.image.Format()
		o.Room = func(off, n int64) bool { return s.image.Room(s.found.Off+off, n) }
		o.RoomOnly = format == container.VHDX || format == container.VHD
	}
	var err error
	if s.tx, err = s.volume.Begin(o); err != nil {
		return coded(imagefs.OpChange, s.place(), err)
	}
	if s.volume.HasSnapshots() && s.inPlace() {
		s.notes = append(s.notes, s.place()+" holds shadow copies (VSS): they will show the change, and keep its bytes when "+
			"it is taken back")
	}
	return nil
}

// see brings a file into order that an interrupted change has left, or shows what it would be.
func (s *Session) see(path string, f *os.File, top bool) (io.ReaderAt, int64, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, 0, err
	}
	place, err := s.journalOf(path, f)
	if err != nil {
		return nil, 0, err
	}
	if place.path == "" {
		return nil, size, nil
	}
	if _, err := os.Lstat(place.path); errors.Is(err, fs.ErrNotExist) {
		return nil, size, nil
	}
	folder, err := place.openFolder()
	if err != nil {
		return nil, 0, err
	}
	defer folder.Close() // only journals in it were changed
	if (!top || s.golden()) && s.mode != imagefs.Read {
		return nil, 0, coded(imagefs.OpOpen, path, &undojournal.Pending{Journal: place.name()})
	}
	identity, err := undojournal.IdentityOf(folder, place.name())
	if err != nil {
		return nil, 0, coded(imagefs.OpOpen, path, err)
	}
	if string(identity) == virtualDisk && top {
		place.identity = identity
		s.pending = &place
		return nil, size, nil
	}
	return s.seeJournal(path, target{f}, folder, place)
}

// seeJournal recovers what an interrupted change has left of a file or disk, or shows what it would be.
func (s *Session) seeJournal(path string, f undojournal.File, folder *undojournal.OSFolder, place journalPlace) (io.ReaderAt, int64, error) {
	if s.mode == imagefs.Write {
		return s.recover(path, f, folder, place)
	}
	viewed, err := undojournal.View(f, folder, place.name(), place.identity)
	if err != nil {
		return nil, 0, coded(imagefs.OpOpen, path, err)
	}
	if viewed.Outcome() == undojournal.RolledBack {
		s.notes = append(s.notes, path+" has the journal of an interrupted edit, "+place.name()+", and is shown as it was before "+
			"that: do not start it; the next stage or unstage undoes the edit")
	}
	size, err := viewed.Size()
	return viewed, size, err
}

func (s *Session) recover(path string, f undojournal.File, folder *undojournal.OSFolder, place journalPlace) (io.ReaderAt, int64, error) {
	outcome, err := undojournal.Recover(f, folder, place.name(), place.identity)
	if err != nil {
		return nil, 0, coded(imagefs.OpChange, path, err)
	}
	switch outcome {
	case undojournal.RolledBack:
		s.notes = append(s.notes, "an interrupted edit of "+path+" was undone: it is as it was before that")
	case undojournal.Completed:
		s.notes = append(s.notes, "an interrupted edit of "+path+" was completed")
	}
	size, err := f.Size()
	return nil, size, err
}

// seeDisk is see for the virtual disk of an image that qemu-nbd changes.
func (s *Session) seeDisk() error {
	s.disk = s.image
	if s.pending == nil {
		return nil
	}
	if s.mode == imagefs.Write && s.image.ByEngine() == nil { // what needed qemu-nbd is gone from it
		return coded(imagefs.OpOpen, s.path(), &undojournal.Foreign{
			Journal: s.pending.name(), Off: -1, Detail: "the edit was made through qemu-nbd, which the image does not need any more",
		})
	}
	folder, err := s.pending.openFolder()
	if err != nil {
		return imagefs.Wrap(imagefs.OpOpen, s.path(), err)
	}
	defer folder.Close() // only journals in it were changed
	var f undojournal.File = shown{s.image}
	if s.mode == imagefs.Write {
		f = s.image.Target()
	}
	content, _, err := s.seeJournal(s.path(), f, folder, *s.pending)
	if content != nil {
		s.disk = content
	}
	return err
}

// shown is a virtual disk that is only read, for View.
type shown struct{ *disk.Image }

// Size returns the size of the disk in bytes.
func (d shown) Size() (int64, error) { return d.Image.Size(), nil }

func (shown) WriteAt([]byte, int64) (int, error) { return 0, imagefs.ErrReadOnly }
func (shown) Truncate(int64) error               { return imagefs.ErrReadOnly }
func (shown) Sync() error                        { return imagefs.ErrReadOnly }

// target is an os.File as journals want it.
type target struct{ *os.File }

// Size returns the size of the file in bytes.
func (f target) Size() (int64, error) { return f.Seek(0, io.SeekEnd) }

// String implements imagefs.Session.
func (s *Session) String() string {
	if s.made != nil {
		return plaintext.Line(s.made.Path, 0)
	}
	return plaintext.Line(s.at.ImagePath, 0)
}

// shown is the path of the file that is open, safe for a line.
func (s *Session) shown() string { return plaintext.Line(s.path(), 0) }

// place returns what messages call the volume.
func (s *Session) place() string {
	if !s.many {
		return s.shown()
	}
	return fmt.Sprintf("%s, partition %d,", s.shown(), s.found.Number)
}

// Windows implements imagefs.Session.
func (s *Session) Windows() string { return windowsFolder }

// DriveKnown implements imagefs.Session.
func (s *Session) DriveKnown() bool { return true }

// Notes implements imagefs.Noted.
func (s *Session) Notes() []string {
	notes := make([]string, len(s.notes))
	for i, n := range s.notes {
		notes[i] = plaintext.Line(n, 0)
	}
	s.notes = nil
	return notes
}

// NewDisk implements imagefs.Deferred.
func (s *Session) NewDisk() *imagefs.NewDisk { return s.made }

// Progress implements imagefs.Progressing.
func (s *Session) Progress(report func(done, total int64)) { s.progress = report }

// KeepsOld implements imagefs.Deferred: the journal of a change in place keeps old bytes.
func (s *Session) KeepsOld() bool { return s.inPlace() }

// Secret implements imagefs.Deferred.
func (s *Session) Secret(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets.add(b)
}

// Close implements imagefs.Session.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.prepared.wipe()
	s.secrets = nil
	if s.cached != nil {
		s.cached.Forget()
	}
	if s.fresh != nil {
		clear(s.fresh.data)
	}
	if s.image == nil {
		return nil
	}
	return s.image.Close()
}
