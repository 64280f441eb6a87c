package localdir_test

import (
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

func TestCloseFreesWhatAChildStillHas(t *testing.T) {
	t.Parallel()
	image, dir := tree(t, map[string]string{"SYSTEM": "x"})
	for range 2 {
		f, err := image.OpenWrite("SYSTEM")
		must(t, err)
		held, err := f.TryLock()
		must(t, err)
		if !held {
			t.Skip("skipped: the file system of the temporary folder has no locks")
		}
		if testenv.Inherit(t, filepath.Join(dir, "SYSTEM")) == 0 {
			t.Fatal("the file is not open")
		}
		must(t, f.Close())
	}
}
