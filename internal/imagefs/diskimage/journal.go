package diskimage

import (
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

// journalOf returns the path of the journal of a file. It lies beside the file itself, and not beside a symbolic link by which
// it is reached, so that all who open the file find it.
func journalOf(path string) (string, error) {
	file, err := filepath.EvalSymlinks(path)
	return file + undojournal.Suffix, err
}
