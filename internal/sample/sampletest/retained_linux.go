package sampletest

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// TellsWhatStays takes a join back from a file system that writes changes to another place: the user is told, once, that the old
// bytes can still be there, and what makes them worth nothing. Staging the first join tells nothing of it.
func (e FrontEnd) TellsWhatStays(t *testing.T) {
	t.Helper()
	device := NewCopyOnWriteDevice(t)
	windows, err := sample.WriteTree(device.Dir, sample.Image{})
	if err != nil {
		t.Fatal(err)
	}
	_, file := Blob(t)
	stage, unstage := e(t, windows, file)
	const cure = "reset the computer account"
	if shown := oneLine(stage()); strings.Contains(shown, cure) {
		t.Errorf("staging tells\n%s", shown)
	}
	BlobInTree(t, windows)
	shown := oneLine(unstage())
	if strings.Count(shown, "the image is on btrfs") != 1 || strings.Count(shown, cure) != 1 {
		t.Errorf("taking it back tells\n%s", shown)
	}
}
