package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/privatefile"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// retryDelay is how often a lock is asked for that somebody else has. They hold it for one fsync.
const retryDelay = 3 * time.Millisecond

// file is the store in a file of lines.
type file struct {
	path string
	wait time.Duration
}

// String returns what messages call the ledger, safe for a line.
func (s *file) String() string { return plaintext.Line(s.path, 0) }

// read needs no lock: lines are only added, and what is not there whole is not looked at.
func (s *file) read(_ context.Context, wanted filter) ([]Entry, error) {
	f, err := s.open(os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read
	entries, _, err := s.parse(f, wanted)
	return entries, err
}

// update appends what decide makes of the wanted entries, under the lock.
func (s *file) update(ctx context.Context, wanted filter, decide func([]Entry) (Entry, error)) (err error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	f, err := s.open(os.O_RDWR | os.O_CREATE)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	entries, good, err := s.parse(f, wanted)
	if err != nil {
		return err
	}
	e, err := decide(entries)
	if err != nil {
		return err
	}
	return s.append(f, good, e)
}

// append writes one line behind the good ones, in place of what a crash has cut off, and waits for the disk.
func (s *file) append(f *os.File, good int64, e Entry) error {
	line, err := e.line()
	if err != nil {
		return s.failed("written to", err)
	}
	if open, err := unended(f, good); err != nil {
		return s.failed("read", err)
	} else if open {
		line = append([]byte("\n"), line...)
	}
	if good+int64(len(line)) > maxFile {
		return s.tooLarge()
	}
	if err := f.Truncate(good); err != nil {
		return s.failed("written to", err)
	}
	_, err = f.WriteAt(line, good)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return s.failed("written to", errors.Join(err, f.Truncate(good)))
	}
	if good == 0 {
		return syncFolder(filepath.Dir(s.path))
	}
	return nil
}

// unended reports whether the last line has no newline.
func unended(f *os.File, good int64) (bool, error) {
	if good == 0 {
		return false, nil
	}
	last := make([]byte, 1)
	_, err := f.ReadAt(last, good-1)
	return last[0] != '\n', err
}

func (s *file) parse(f *os.File, wanted filter) (entries []Entry, good int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, s.failed("read", err)
	}
	if info.Size() > maxFile {
		return nil, 0, s.tooLarge()
	}
	content := make([]byte, info.Size()) // what is added meanwhile is for the next reader
	got, err := f.ReadAt(content, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, s.failed("read", err)
	}
	content = content[:got]
	entries, n, err := parse(content, wanted)
	if errors.Is(err, errForeign) {
		return nil, 0, winerr.Errorf(winerr.InvalidParameter, "%s is not a ledger: %w, and may be somebody's only copy of "+
			"something, so it is left as it is: name another file, which the first use makes", s, err)
	}
	if err != nil {
		return nil, 0, winerr.Errorf(winerr.InvalidParameter, "%w of the ledger %s, so nobody can tell which accounts are "+
			"used: mend or remove the line, or update this program", err, s)
	}
	return entries, int64(n), nil
}

// open opens the ledger itself, never what a link points to.
func (s *file) open(flags int) (*os.File, error) {
	f, err := os.OpenFile(s.path, flags&^os.O_CREATE|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) && flags&os.O_CREATE != 0 {
		f, err = privatefile.Create(s.path)
	}
	if err != nil {
		return nil, s.failed("opened", err)
	}
	named, err := os.Lstat(s.path)
	if err != nil {
		f.Close() // nothing was written
		return nil, s.failed("opened", err)
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || !os.SameFile(named, info) {
		f.Close() // nothing was written
		return nil, winerr.Errorf(winerr.InvalidParameter, "the ledger %s is a link or no regular file: give the name of "+
			"a file that is one, or of none yet", s)
	}
	return f, nil
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

func (s *file) lock(ctx context.Context) (unlock func(), err error) {
	limited, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	l := flock.New(s.path+".lock", flock.SetFlag(os.O_RDWR|os.O_CREATE|noFollow), flock.SetPermissions(0o600))
	_, err = l.TryLockContext(limited, retryDelay)
	switch {
	case err == nil:
		return func() { _ = l.Close() }, nil // the lock ends with the file
	case ctx.Err() != nil:
		return nil, stopped(ctx, "the ledger "+s.String())
	case limited.Err() != nil:
		return nil, winerr.Errorf(winerr.Busy, "the ledger %s is locked by another offlinejoin for more than %s: wait until "+
			"it is done, and try again", s, s.wait)
	}
	return nil, s.failed("locked", err)
}

func (s *file) tooLarge() error {
	return winerr.Errorf(winerr.InvalidParameter, "the ledger %s is larger than %d MiB: move it away and begin a new one",
		s, maxFile>>20)
}

func (s *file) failed(verb string, err error) error {
	code, now := winerr.InvalidParameter, "check the path"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code, now = winerr.FileNotFound, "make its folder"
	case errors.Is(err, fs.ErrPermission):
		code, now = winerr.AccessDenied, "run as its owner, or give this user the right to write it"
	case isFull(err):
		code, now = winerr.DiskFull, "make room"
	}
	if pathErr, is := errors.AsType[*fs.PathError](err); is {
		err = pathErr.Err // the sentence names the path already
	}
	return winerr.Errorf(code, "the ledger %s cannot be %s (%w): %s", s, verb, err, now)
}

func stopped(ctx context.Context, what string) error {
	return &winerr.Error{
		Code: winerr.Timeout, Message: fmt.Sprintf("waiting for %s was stopped", what), Err: ctx.Err(),
	}
}

// filter finds the lines that matter to a question by pieces of text that they would hold; nil wants all. Only these
// lines are decoded, and of the others only the ends are looked at: a stage reads the ledger three times, and decoding
// 1,000 lines each time would take more processor time than the stage itself.
type filter [][]byte

// filterFor wants the lines that hold one of the texts, and those that say what cannot be told by looking at their own
// use: that they end others, or are written with escapes, which no text of ours is.
func filterFor(texts ...string) filter {
	f := filter{[]byte(`"ends"`), []byte(`\u`)}
	for _, text := range texts {
		if text != "" {
			f = append(f, []byte(text))
		}
	}
	return f
}

func (f filter) wants(line []byte) bool {
	if f == nil || !looksWritten(line) {
		return true // also what is not as we write it, so that damage is noticed
	}
	for _, piece := range f {
		if bytes.Contains(line, piece) {
			return true
		}
	}
	return false
}

// looksWritten reports whether a line begins and ends as those that this package writes or has written.
func looksWritten(line []byte) bool {
	rest, ours := bytes.CutPrefix(line, []byte(`{"v":`))
	version, rest, _ := bytes.Cut(rest, []byte(`,"event":"`))
	event, _, cut := bytes.Cut(rest, []byte(`","id":"`))
	known := len(version) == 1 && version[0] >= '1' && version[0] <= '0'+Version
	return ours && known && cut && Event(event).known() && bytes.HasSuffix(line, []byte("}"))
}

// looksTorn reports whether a line without its end is one of ours that a crash cut off. Behind lines of ours its beginning
// is enough. A file that holds nothing else must begin beyond doubt as ours: it may be somebody's only copy of a secret.
func looksTorn(line []byte, alone bool) bool {
	const version, event = `{"v":`, `,"event":"`
	if rest, ours := bytes.CutPrefix(line, []byte(version)); ours {
		return !alone || len(rest) > len(event) && bytes.HasPrefix(rest[1:], []byte(event))
	}
	return !alone && bytes.HasPrefix([]byte(version), line)
}

// parse reads the lines that are wanted. The rest after the last newline counts when it is a whole line, as an editor
// may leave it, and else must be what a crash cut off: good is the length in bytes of what may stay.
func parse(content []byte, f filter) (entries []Entry, good int, err error) {
	number := 0
	for line := range bytes.Lines(content) {
		number++
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		if len(bytes.TrimSpace(text)) > 0 && (!ended || f.wants(text)) {
			e, err := parseLine(text)
			switch {
			case err == nil:
				entries = append(entries, e)
			case !ended && !errors.Is(err, errNewer) && looksTorn(text, good == 0):
				return entries, good, nil
			case len(bytes.TrimSpace(content[:good])) == 0 && !bytes.HasPrefix(text, []byte(`{"v":`)):
				return nil, 0, errForeign
			default:
				return nil, 0, fmt.Errorf("line %d %w", number, err)
			}
		}
		good += len(line)
	}
	return entries, good, nil
}
