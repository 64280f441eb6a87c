package cli

import (
	"errors"
	"io/fs"
	"os"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// free refuses an output file that is there already, before any work is done for it.
func free(file string) error {
	if file == standardFile {
		return nil
	}
	if _, err := os.Lstat(file); err == nil {
		return taken(file)
	}
	return nil // what is wrong with its folder, writing tells
}

func taken(file string) error {
	return winerr.Errorf(winerr.InvalidParameter, "%s is there already, and nothing is overwritten: give another "+
		"--output, or remove it", file)
}

// writeOutput writes a new file that only its owner can read, or standard output. A file that cannot be written whole
// is removed again.
func (a *app) writeOutput(file string, content []byte) error {
	if file == standardFile {
		_, err := a.Out.Write(content)
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return taken(file)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return nil
}
