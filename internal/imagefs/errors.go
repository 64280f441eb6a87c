package imagefs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// IrregularError says that something in an image is not what Windows would have there: a symbolic link, junction,
// device, pipe or socket, or a directory in place of a file or the reverse. It is the cause of a [winerr.Error].
type IrregularError struct {
	Path string
	What string // "a symbolic link"
	Want string // "a regular file"
}

// Error implements error.
func (e *IrregularError) Error() string {
	return fmt.Sprintf("%s is %s, not %s", e.Path, e.What, e.Want)
}

// AmbiguousError says that several entries of a directory differ from a wanted name only in case. It is the cause of a
// [winerr.Error].
type AmbiguousError struct {
	Dir   string
	Names []string // sorted
}

// Error implements error.
func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%s holds %s, which are one name to Windows", e.Dir, strings.Join(e.Names, " and "))
}

// errChanged is the cause when a name meant one file when it was looked at and another when it was opened.
var errChanged = errors.New("it was exchanged while it was being opened")

func irregular(path string, mode fs.FileMode, want string) error {
	cause := &IrregularError{Path: path, What: describe(mode), Want: want}
	return winerr.Errorf(winerr.InvalidParameter,
		"%w: nothing is read or written through it; put the real thing in its place", cause)
}

func describe(mode fs.FileMode) string {
	switch t := mode.Type(); {
	case t == 0:
		return "a regular file"
	case t&fs.ModeSymlink != 0:
		return "a symbolic link"
	case t&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case t&fs.ModeSocket != 0:
		return "a socket"
	case t&fs.ModeDevice != 0:
		return "a device"
	case t&fs.ModeIrregular != 0:
		return "a reparse point or another special file"
	default:
		return "a directory"
	}
}

func ambiguous(dir string, names []string) error {
	return winerr.Errorf(winerr.InvalidParameter, "%w: rename or remove all but one of them",
		&AmbiguousError{Dir: dir, Names: names})
}

// fault is what an error of the operating system comes down to, whatever its number there.
type fault int

const (
	faultOther fault = iota
	faultReadOnly
	faultNoSpace
	faultInUse
	faultUnsupported
)

// op is what was being done; it selects the words, and the code where the system's error has none of its own.
type op struct {
	verb  string // "open", "write"
	write bool
}

var (
	opRead   = op{verb: "read"}
	opOpen   = op{verb: "open"}
	opChange = op{verb: "open for writing", write: true}
	opWrite  = op{verb: "write", write: true}
	opCreate = op{verb: "create", write: true}
	opRemove = op{verb: "remove", write: true}
	opLock   = op{verb: "lock"}
	opGetSec = op{verb: "read the security of"}
	opSetSec = op{verb: "set the security of", write: true}
)

// failed turns an error of the operating system into one with a code. Errors that have one pass, and so does io.EOF,
// which readers compare with.
func failed(o op, path string, err error) error {
	if err == nil || err == io.EOF { //nolint:errorlint // io.EOF is never wrapped by a File
		return err
	}
	if _, ok := winerr.CodeOf(err); ok {
		return err
	}
	cause := innermost(err)
	switch f := kindOf(err); {
	case errors.Is(err, fs.ErrNotExist):
		return winerr.Errorf(winerr.FileNotFound, "cannot %s %s: it does not exist: %w", o.verb, path, cause)
	case errors.Is(err, fs.ErrExist):
		return winerr.Errorf(winerr.CantCreateJoinInfo, "cannot %s %s: %w: remove it first", o.verb, path, cause)
	case f == faultReadOnly:
		return winerr.Errorf(winerr.AccessDenied,
			"cannot %s %s: the file system is mounted read-only: mount it read-write (an NTFS volume that was not shut "+
				"down cleanly, or is hibernated, is often mounted read-only): %w", o.verb, path, cause)
	case f == faultNoSpace:
		return winerr.Errorf(winerr.DiskFull, "cannot %s %s: %w: make room and try again", o.verb, path, cause)
	case f == faultInUse:
		return winerr.Errorf(winerr.Busy,
			"cannot %s %s: another program is using it: %w: is this Windows running, or loaded by another tool?",
			o.verb, path, cause)
	case errors.Is(err, fs.ErrPermission):
		return winerr.Errorf(winerr.AccessDenied,
			"cannot %s %s: %w: run as a user who may (on Linux often root, on Windows an elevated Administrator)",
			o.verb, path, cause)
	case o.write:
		return winerr.Errorf(winerr.CantCreateJoinInfo, "cannot %s %s: %w", o.verb, path, cause)
	default:
		return winerr.Errorf(winerr.CantLoadOfflineHive, "cannot %s %s: %w", o.verb, path, cause)
	}
}

// kindOf classifies the errors of this machine's system, and those of another's.
func kindOf(err error) fault {
	switch {
	case errors.Is(err, ErrReadOnly):
		return faultReadOnly
	case errors.Is(err, ErrNoSpace):
		return faultNoSpace
	}
	return classify(err)
}

// innermost drops the "openat NAME:" of a PathError, because our sentences name the file in full.
func innermost(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}
