package lock_test

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

func TestCloseFreesWhatAChildStillHas(t *testing.T) {
	t.Parallel()
	path := newImage(t)
	for _, first := range []lock.Mode{lock.Read, lock.Change} {
		f := mustOpen(t, path, first)
		if testenv.Inherit(t, path) == 0 {
			t.Fatal("the file is not open")
		}
		_, err := open(path, lock.Change)
		wantInUse(t, err)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if err := mustOpen(t, path, lock.Change).Close(); err != nil {
			t.Fatal(err)
		}
	}
}
