package localdir

import (
	"errors"
	"io/fs"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// failed gives an error of the operating system its code and its sentence.
func failed(o imagefs.Op, path string, err error) error {
	if err == nil {
		return nil
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // the sentence names the file in full
	}
	return imagefs.Wrap(o, path, imagefs.FromSystem(err))
}

// errChanged is the cause when a name meant one file when it was looked at and another when it was opened.
var errChanged = errors.New("it was exchanged while it was being opened")
