package localdir

import (
	"errors"
	"io/fs"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// errUnsupported is the kind of an error that says that the file system has no such function.
var errUnsupported = errors.New("not supported by the file system")

// systemError is an error of the operating system with what it comes down to.
type systemError struct {
	err  error
	kind error // imagefs.ErrReadOnly, ErrNoSpace, ErrInUse or errUnsupported
}

func (e *systemError) Error() string   { return e.err.Error() }
func (e *systemError) Unwrap() []error { return []error{e.err, e.kind} }

// failed gives an error of the operating system its code and its sentence.
func failed(o imagefs.Op, path string, err error) error {
	if err == nil {
		return nil
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // the sentence names the file in full
	}
	if kind := classify(err); kind != nil {
		err = &systemError{err, kind}
	}
	return imagefs.Wrap(o, path, err)
}

// errChanged is the cause when a name meant one file when it was looked at and another when it was opened.
var errChanged = errors.New("it was exchanged while it was being opened")
