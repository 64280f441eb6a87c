package undojournal

import (
	"errors"
	"io/fs"
)

// IdentityOf returns the identity that a journal was written with, and nil when it has none, is not there or is not whole. A
// *[Busy] comes while somebody uses it, and an error that matches [ErrJournal] for one that cannot be used.
func IdentityOf(folder Folder, name string) (identity []byte, err error) {
	h, err := folder.Open(name, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	j, err := readJournal(h)
	if err = errors.Join(err, h.Close()); errors.Is(err, errTorn) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer j.forget()
	return j.identity, nil
}
