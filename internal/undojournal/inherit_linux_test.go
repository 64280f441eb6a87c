package undojournal_test

import (
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

func TestCloseFreesWhatAChildStillHas(t *testing.T) {
	t.Parallel()
	_, d, dir := onDisk(t, nil)
	open := d.Create
	for range 2 {
		h, err := open(journalName)
		if err != nil {
			t.Fatal(err)
		}
		if testenv.Inherit(t, filepath.Join(dir, journalName)) == 0 {
			t.Fatal("the journal is not open")
		}
		if _, err := d.Open(journalName, true); !is[*undojournal.Busy](err) {
			t.Errorf("opened twice: %v", err)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		open = func(name string) (undojournal.Handle, error) { return d.Open(name, true) }
	}
}
