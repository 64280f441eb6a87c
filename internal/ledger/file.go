package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/privatefile"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// file is the store in a file of lines.
type file struct {
	path  string
	wait  time.Duration
	bound int64 // bytes
}

// lockSuffix ends the name of the file that the lock is on.
const lockSuffix = ".lock"

func newFile(path string, wait time.Duration) *file {
	return &file{path, cmp.Or(wait, DefaultWait), maxFile}
}

// String returns what messages call the ledger, safe for a line.
func (s *file) String() string { return plaintext.Line(s.path, 0) }

// read needs no lock: lines are only added, what is not there whole is not looked at, and where the file is replaced, the
// one that was opened stays as it was.
func (s *file) read(_ context.Context, w wanted) ([]Entry, error) {
	f, err := s.open(os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read
	entries, _, err := s.scan(f, w)
	return entries, err
}

// update appends what decide makes of the wanted entries, under the lock.
func (s *file) update(ctx context.Context, w wanted, decide func([]Entry) (Entry, error)) (err error) {
	limited, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	unlock, err := s.lock(ctx, limited)
	if err != nil {
		return err
	}
	defer unlock()
	f, err := s.openAlone(ctx, limited)
	if err != nil {
		return err
	}
	defer func() {
		if f != nil {
			unlockContent(f)
			err = errors.Join(err, f.Close())
		}
	}()
	entries, t, err := s.scan(f, w)
	if err != nil {
		return err
	}
	e, err := decide(entries)
	if err != nil {
		return err
	}
	line, err := e.line()
	if err != nil {
		return s.failed("written to", err)
	}
	if t.wasteful() && s.rewrite(f, t, line) {
		if !replacesOpen {
			_ = f.Close() // only read
			f = nil
		}
		if done, err := s.replace(); done {
			return err
		}
		if f == nil {
			if f, err = s.open(os.O_RDWR); err != nil {
				return err
			}
		}
	}
	return s.append(f, t, line)
}

// append writes one line behind the good ones, in place of what a crash has cut off, and waits for the disk.
func (s *file) append(f *os.File, t tally, line []byte) error {
	if t.open {
		line = append([]byte("\n"), line...)
	}
	if t.good+int64(len(line)) > s.bound {
		return s.tooLarge()
	}
	if err := f.Truncate(t.good); err != nil {
		return s.failed("written to", err)
	}
	_, err := f.WriteAt(line, t.good)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return s.failed("written to", errors.Join(err, f.Truncate(t.good)))
	}
	if t.good == 0 {
		return syncFolder(filepath.Dir(s.path))
	}
	return nil
}

// scan reads what is wanted of the file, up to the size that it has now: what is added meanwhile is for the next reader.
func (s *file) scan(f *os.File, w wanted) (entries []Entry, t tally, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, tally{}, s.failed("read", err)
	}
	if info.Size() > s.bound {
		return nil, tally{}, s.tooLarge()
	}
	content := io.NewSectionReader(f, 0, info.Size())
	if w.none() || w.since != "" {
		if entries, t, ok := scanEnd(content, w); ok {
			return entries, t, nil
		}
	}
	entries, t, err = scan(content, w)
	if _, is := errors.AsType[*fs.PathError](err); is {
		return nil, tally{}, s.failed("read", err)
	}
	if errors.Is(err, errForeign) {
		return nil, tally{}, winerr.Errorf(winerr.InvalidParameter, "%s is not a ledger: %w, and may be somebody's only copy of "+
			"something, so it is left as it is: name another file, which the first use makes", s, err)
	}
	if err != nil {
		return nil, tally{}, winerr.Errorf(winerr.InvalidParameter, "in the ledger %s %w, so nobody can tell which accounts are "+
			"used: mend or remove the line, or update this program", s, err)
	}
	return entries, t, nil
}

// replacements is how often in a row a file may be replaced while it is opened: a compaction is rare.
const replacements = 10

// open opens the ledger itself, never what a link points to. A file that is replaced meanwhile is opened anew.
func (s *file) open(flags int) (*os.File, error) {
	for range replacements {
		f, same, err := s.openOnce(flags)
		if err != nil || same {
			return f, err
		}
	}
	return nil, s.notOpened()
}

// openAlone opens the ledger, makes it where there is none, and keeps out whoever has it by another name, with another lock
// then: a second name, a file that is mounted by itself as into a container, or a lock that somebody has removed.
func (s *file) openAlone(ctx, limited context.Context) (*os.File, error) {
	for range replacements {
		f, err := s.open(os.O_RDWR | os.O_CREATE)
		if err != nil {
			return nil, err
		}
		err = lockContent(limited, f)
		if err != nil {
			f.Close() // nothing was written
			return nil, s.notLocked(ctx, limited, err)
		}
		if s.leadsTo(f) { // else it was replaced while we waited
			return f, nil
		}
		unlockContent(f)
		f.Close() // nothing was written
	}
	return nil, s.notOpened()
}

func (s *file) notOpened() error {
	if f, err := os.OpenFile(s.path, os.O_RDONLY|noFollow, 0); err == nil {
		defer f.Close() // only looked at
		if deleted(f) {
			return winerr.Errorf(winerr.InvalidParameter, "the ledger %s is mounted by itself, and its file was replaced or removed where "+
				"that is: nobody else would see what is written to it: mount its folder in place of the file", s)
		}
	}
	return winerr.Errorf(winerr.InvalidParameter, "the ledger %s is a link or no regular file: give the name of "+
		"a file that is one, or of none yet", s)
}

// openOnce also reports whether the name still leads to what was opened. If not, nothing is open.
func (s *file) openOnce(flags int) (f *os.File, same bool, err error) {
	f, err = os.OpenFile(s.path, flags&^os.O_CREATE|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) && flags&os.O_CREATE != 0 {
		f, err = privatefile.Create(s.path)
	}
	if errors.Is(err, syscall.ELOOP) { // it is a link itself
		return nil, false, nil
	}
	if err != nil {
		return nil, false, s.failed("opened", err)
	}
	if !s.leadsTo(f) {
		f.Close() // nothing was written
		return nil, false, nil
	}
	return f, true, nil
}

// leadsTo reports whether the name of the ledger leads to an open file, which is a regular one and has a name.
func (s *file) leadsTo(f *os.File) bool {
	named, err := os.Lstat(s.path)
	if err != nil {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular() && os.SameFile(named, info) && !deleted(f)
}

// exposed returns a warning when others can write the ledger, and by that release a use or hide one.
func (s *file) exposed() []string {
	e, known, err := imagefs.PathExposure(s.path)
	if err != nil || !known || !e.Write { // mostly not there yet
		return nil
	}
	cure := "chmod 600 it"
	if e.Path != s.path {
		cure = "move the ledger to a folder that only its users can write"
	}
	return []string{fmt.Sprintf("others can change the ledger %s (%s has mode %04o), so what it says of uses may be forged: %s",
		s, plaintext.Line(e.Path, 0), e.Mode, cure)}
}

func (s *file) lock(ctx, limited context.Context) (unlock func(), err error) {
	unlock, err = lockFile(limited, s.path+lockSuffix)
	if err != nil {
		return nil, s.notLocked(ctx, limited, err)
	}
	return unlock, nil
}

func (s *file) notLocked(ctx, limited context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return stopped(ctx, "the ledger "+s.String())
	case limited.Err() != nil:
		return winerr.Errorf(winerr.Busy, "the ledger %s is locked by another offlinejoin for more than %s: wait until "+
			"it is done, and try again", s, s.wait)
	}
	return s.failed("locked", err)
}

// writable reports what would keep this user from adding a line.
func (s *file) writable(context.Context) error {
	err := imagefs.WriteAccess(s.path + lockSuffix)
	if errors.Is(err, fs.ErrNotExist) { // it is made
		err = imagefs.WriteAccess(filepath.Dir(s.path))
		if of, is := errors.AsType[*fs.PathError](err); is {
			of.Path = s.path + lockSuffix
		}
	}
	if err != nil {
		return s.failed("locked", err)
	}
	if err := imagefs.WriteAccess(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) { // else it is made where the lock is
		return s.failed("opened", err)
	}
	return nil
}

func (s *file) tooLarge() error {
	return winerr.Errorf(winerr.InvalidParameter, "the ledger %s has reached its bound of %d MiB, and what it keeps is in "+
		"force: release the uses of machines that are gone (%s), or import it into a database and "+
		"name that with ledger; a new file would forget which accounts are used", s, s.bound>>20, s.release())
}

// release says how the uses of a ledger are released.
func (s *file) release() string {
	at := Where{File: s.path}
	return at.ListCommand() + " shows them, " + at.ReleaseCommand("ID", "the machine is gone") + " releases one"
}

// nearlyFull returns a warning when three quarters of the bound are used.
func (s *file) nearlyFull() []string {
	info, err := os.Stat(s.path)
	if err != nil || info.Size() < s.bound/4*3 {
		return nil
	}
	return []string{fmt.Sprintf("the ledger %s has %d MiB of at most %d: release the uses of machines that are gone "+
		"(%s), or import it into a database and name that with ledger", s, info.Size()>>20, s.bound>>20, s.release())}
}

func (s *file) failed(verb string, err error) error {
	code, now := winerr.InvalidParameter, "check the path"
	switch {
	case isReadOnly(err):
		code, now = winerr.AccessDenied, "name a file on a file system that can be written to"
	case errors.Is(err, fs.ErrNotExist):
		code, now = winerr.FileNotFound, "make its folder"
	case errors.Is(err, fs.ErrPermission):
		code, now = winerr.AccessDenied, "run as its owner, or give this user the right to write it"
	case isFull(err):
		code, now = winerr.DiskFull, "make room"
	case errors.Is(err, syscall.ELOOP):
		now = s.String() + lockSuffix + " is a link: remove it"
	}
	if pathErr, is := errors.AsType[*fs.PathError](err); is {
		err = pathErr.Err // the sentence names the path already
		if pathErr.Path == s.path+lockSuffix && errors.Is(err, fs.ErrPermission) {
			now = "run as its owner, or give this user the right to write " + s.String() + lockSuffix
		}
	}
	return winerr.Errorf(code, "the ledger %s cannot be %s (%w): %s", s, verb, err, now)
}

func stopped(ctx context.Context, what string) error {
	return &winerr.Error{
		Code: winerr.Timeout, Message: fmt.Sprintf("waiting for %s was stopped", what), Err: ctx.Err(),
	}
}
