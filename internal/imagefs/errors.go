package imagefs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
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
	return fmt.Sprintf("%s is %s, not %s", plaintext.Line(e.Path, 0), e.What, e.Want)
}

// AmbiguousError says that several entries of a directory differ from a wanted name only in case. It is the cause of a
// [winerr.Error].
type AmbiguousError struct {
	Dir   string
	Names []string // sorted
}

// Error implements error.
func (e *AmbiguousError) Error() string {
	return plaintext.Line(fmt.Sprintf("%s holds %s, which are one name to Windows", e.Dir, strings.Join(e.Names, " and ")), 0)
}

// What an error of an operating system, of this machine or another, comes down to, whatever its number there. The kinds
// of volumes wrap their errors so that they match one of these where [Wrap] is to find the right words.
var (
	ErrReadOnly = errors.New("read-only file system")
	ErrNoSpace  = errors.New("no space left on the device")
	ErrInUse    = errors.New("in use by another program")
	ErrTooLarge = errors.New("larger than a file may be")
	// ErrUnsupported is no reason of its own for [Wrap]: the file system has no such function.
	ErrUnsupported = errors.New("not supported by the file system")
)

// systemError is an error of the operating system with what it comes down to.
type systemError struct {
	err  error
	kind error
}

func (e *systemError) Error() string   { return e.err.Error() }
func (e *systemError) Unwrap() []error { return []error{e.err, e.kind} }

// FromSystem makes an error of this machine's operating system match what it comes down to, of the errors above. Every other
// error passes.
func FromSystem(err error) error {
	if kind := classify(err); kind != nil {
		return &systemError{err, kind}
	}
	return err
}

// ErrLasting is what an error with code Busy matches when waiting does not help, such as that of a volume that was not
// dismounted cleanly.
var ErrLasting = errors.New("waiting does not help")

// Lasting returns err as an error that matches [ErrLasting].
func Lasting(err error) error { return lasting{err} }

type lasting struct{ error }

// Unwrap returns the error itself.
func (l lasting) Unwrap() error { return l.error }

// Is makes it match [ErrLasting].
func (lasting) Is(target error) bool { return target == ErrLasting }

// ErrUntouched is what an error of a commit matches when nothing has reached the image: it is as it was, or a new disk is not
// there.
var ErrUntouched = errors.New("nothing was written")

// MadeMeanwhile is the error of a commit whose new disk, at path, somebody else has made since the session was opened (170,
// [ErrUntouched]).
func MadeMeanwhile(path string) error {
	return Untouched(winerr.Errorf(winerr.Busy, "%s was made by somebody else meanwhile: run this again, which looks at what it holds",
		plaintext.Line(path, 0)))
}

// Untouched returns err as an error that matches [ErrUntouched].
func Untouched(err error) error { return untouched{err} }

type untouched struct{ error }

// Unwrap returns the error itself.
func (u untouched) Unwrap() error { return u.error }

// Is makes it match [ErrUntouched].
func (untouched) Is(target error) bool { return target == ErrUntouched }

// Irregular returns the refusal of what mode describes at path, where want was wanted (87, [IrregularError]).
func Irregular(path string, mode fs.FileMode, want string) error {
	cause := &IrregularError{Path: path, What: Describe(mode), Want: want}
	return winerr.Errorf(winerr.InvalidParameter,
		"%w: nothing is read or written through it; put the real thing in its place", cause)
}

// SeveralNames is the refusal to change, or to replace, a file of an image that has several names (2711, docs/internals/disk.md §3).
func SeveralNames(path string, names int) error {
	return winerr.Errorf(winerr.CantCreateJoinInfo, "%s has %d names (hard links), and a change would show under all of them, such as in a "+
		"backup, or under one alone: replace it with a copy of its own first", path, names)
}

// NoWindows is the error of a regular file in the place of a Windows directory: most likely a disk image file, which has an
// option of its own.
func NoWindows(path string) error {
	cause := &IrregularError{Path: path, What: Describe(0), Want: "a directory"}
	return winerr.Errorf(winerr.InvalidParameter, "%w: name a disk image file by image_path, in place of windows_path", cause)
}

// Describe returns what a mode is of, such as "a directory".
func Describe(mode fs.FileMode) string {
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

// Op is what was being done when an error came; it selects the words, and the code where the system's error has none of
// its own.
type Op int

// The operations.
const (
	OpRead Op = iota
	OpOpen
	OpLock
	OpReadSecurity
	OpChange // open for writing
	OpWrite
	OpCreate
	OpRemove
	OpSetSecurity
)

func (o Op) verb() string {
	return [...]string{
		OpRead: "read", OpOpen: "open", OpLock: "lock", OpReadSecurity: "read the security of",
		OpChange: "open for writing", OpWrite: "write", OpCreate: "create", OpRemove: "remove",
		OpSetSecurity: "set the security of",
	}[o]
}

func (o Op) writes() bool { return o >= OpChange }

// Wrap turns an error of a file system into a [winerr.Error] that names the operation and the path and says what to do:
// 2 not there, 5 no rights or read-only, 112 no space, 170 in use, 2711 cannot be written, 2717 cannot be read. Errors
// that have a code pass, and so do nil and io.EOF, which readers compare with.
func Wrap(o Op, path string, err error) error {
	if err == nil || err == io.EOF { // io.EOF is never wrapped by a File
		return err
	}
	if _, ok := winerr.CodeOf(err); ok {
		return err
	}
	cause := innermost(err)
	path = plaintext.Line(path, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return winerr.Errorf(winerr.FileNotFound, "cannot %s %s: it does not exist: %w", o.verb(), path, cause)
	case errors.Is(err, syscall.ENOTDIR):
		return winerr.Errorf(winerr.FileNotFound, "cannot %s %s: a part of the path is no directory: correct it: %w", o.verb(), path, cause)
	case errors.Is(err, fs.ErrExist):
		return winerr.Errorf(winerr.CantCreateJoinInfo, "cannot %s %s: %w: remove it first", o.verb(), path, cause)
	case errors.Is(err, ErrReadOnly):
		return winerr.Errorf(winerr.AccessDenied,
			"cannot %s %s: the file system is mounted read-only: mount it read-write (an NTFS volume that was not shut "+
				"down cleanly, or is hibernated, is often mounted read-only): %w", o.verb(), path, cause)
	case errors.Is(err, ErrNoSpace):
		return winerr.Errorf(winerr.DiskFull, "cannot %s %s: %w: make room and try again", o.verb(), path, cause)
	case errors.Is(err, ErrTooLarge):
		return winerr.Errorf(winerr.DiskFull, "cannot %s %s: %w: the file system, or a limit of this process (ulimit -f), "+
			"allows no larger file", o.verb(), path, cause)
	case errors.Is(err, ErrInUse):
		return winerr.Errorf(winerr.Busy,
			"cannot %s %s: another program is using it: %w: is this Windows running, or loaded by another tool?",
			o.verb(), path, cause)
	case errors.Is(err, fs.ErrPermission):
		return winerr.Errorf(winerr.AccessDenied,
			"cannot %s %s: %w: run as a user who may (on Linux often root, on Windows an elevated Administrator)",
			o.verb(), path, cause)
	case o.writes():
		return winerr.Errorf(winerr.CantCreateJoinInfo, "cannot %s %s: %w", o.verb(), path, cause)
	default:
		return winerr.Errorf(winerr.CantLoadOfflineHive, "cannot %s %s: %w", o.verb(), path, cause)
	}
}

// innermost drops the "openat NAME:" of a PathError, because our sentences name the file in full.
func innermost(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}
