package cli

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// hiveFile is a hive opened for reading, with the logs found beside it.
type hiveFile struct {
	*regf.Hive
	dir  *localdir.Tree
	open []io.Closer
}

// openHive opens a hive file, and the logs beside it whatever the case of their names. asIs reads a hive that its logs
// do not complete, as it stands.
func openHive(file string, asIs bool) (*hiveFile, error) {
	file, err := filepath.EvalSymlinks(file) // the user named it; what it leads to is opened without following anything
	if err != nil {
		return nil, err
	}
	dir, err := localdir.OpenTree(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	h := &hiveFile{dir: dir}
	if err := h.load(filepath.Base(file), asIs); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func (h *hiveFile) load(name string, asIs bool) error {
	primary, err := h.file(name)
	if err != nil {
		return err
	}
	files := regf.Files{Primary: primary, AsIs: asIs}
	if files.Log1, err = h.log(name + ".LOG1"); err != nil {
		return err
	}
	if files.Log2, err = h.log(name + ".LOG2"); err != nil {
		return err
	}
	if files.Log1 == nil { // Windows 7 and older, and small hives: one log
		if files.Log1, err = h.log(name + ".LOG"); err != nil {
			return err
		}
	}
	h.Hive, err = regf.Open(files)
	return err
}

// log opens a log file, and returns nil when there is none or it is empty.
func (h *hiveFile) log(name string) (regf.File, error) {
	f, err := h.file(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if n, err := f.Size(); err != nil || n == 0 {
		return nil, err
	}
	return f, nil
}

func (h *hiveFile) file(name string) (regf.File, error) {
	f, err := h.dir.Open(name)
	if err != nil {
		return nil, err
	}
	h.open = append(h.open, f)
	return f, nil
}

// Close closes every file; they were only read, so that there is nothing to tell.
func (h *hiveFile) Close() {
	for _, f := range h.open {
		f.Close() //nolint:errcheck // only read
	}
	h.dir.Close() //nolint:errcheck // only read
}
