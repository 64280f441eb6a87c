package privatefile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// CreateTemp makes a new file in a folder, open for reading and writing, with a name that begins with prefix and that
// nobody can foresee.
func CreateTemp(folder, prefix string) (*os.File, error) {
	const tries = 100
	for range tries {
		f, err := Create(filepath.Join(folder, prefix+rand.Text()))
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, &fs.PathError{Op: "create", Path: filepath.Join(folder, prefix), Err: fs.ErrExist}
}
