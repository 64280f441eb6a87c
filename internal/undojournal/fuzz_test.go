package undojournal_test

import (
	"bytes"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/undojournal/powercut"
)

// FuzzRecover gives a hostile journal to recovery, and to a reader. Neither panics; what decodes encodes to the same bytes;
// and a journal that is refused leaves the file untouched.
func FuzzRecover(f *testing.F) {
	for _, at := range []int{4, 6, 8} {
		m := powercut.New(plainTrial().old)
		m.CutAt(at)
		if _, err := undojournal.Write(m.Image(), m.Folder(), journalName, plainTrial().change, []byte("id")); err == nil {
			f.Fatal("not interrupted")
		}
		f.Add(journalOf(m), m.Content(), true)
	}
	f.Add([]byte(undojournal.Magic), []byte{}, false)
	f.Fuzz(func(t *testing.T, kept, image []byte, seal bool) {
		if seal {
			kept = undojournal.Seal(kept)
		}
		if again, newSize, err := undojournal.Recode(kept); again != nil {
			if err != nil || !bytes.Equal(again, kept) {
				t.Fatalf("another journal than was read (%v)", err)
			}
			if newSize > 1<<24 { // an image of that size would need that memory
				return
			}
		}
		m := powercut.New(image)
		m.PutJournal(kept)
		view, viewErr := undojournal.View(m.Image(), m.Folder(), journalName, nil)
		_, err := undojournal.Recover(m.Image(), m.Folder(), journalName, nil)
		if (err == nil) != (viewErr == nil) {
			t.Fatalf("recovery: %v; a reader: %v", err, viewErr)
		}
		if err != nil {
			if !bytes.Equal(m.Content(), image) {
				t.Fatal("a refused journal has changed the file")
			}
			return
		}
		if size, err := view.Size(); err != nil || size != int64(len(m.Content())) {
			t.Fatalf("a reader saw %d bytes, and recovery left %d (%v)", size, len(m.Content()), err)
		}
	})
}
