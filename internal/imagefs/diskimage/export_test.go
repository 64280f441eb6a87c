package diskimage

import (
	"context"
	"os"

	"github.com/offlinejoin/offlinejoin/internal/disk/newfile"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

// CheckJournalDir is checkJournalDir.
var CheckJournalDir = checkJournalDir

// JournalPlace returns where the journal of a file or device is, and its identity.
func JournalPlace(at imagefs.Location) (path string, identity []byte, err error) {
	f, err := os.Open(at.ImagePath)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	place, err := (&Session{at: at}).journalOf(at.ImagePath, f)
	return place.path, place.identity, err
}

// Layers stand between a commit and the system.
type Layers struct {
	Target   func(undojournal.File) undojournal.File
	Journals func(undojournal.Folder) undojournal.Folder
	NewFile  func(newfile.Layer) newfile.Layer
}

// OpenThrough is an opener of sessions that commit through layers.
func OpenThrough(l Layers) imagefs.Opener {
	return func(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
		s, err := Open(ctx, at, mode)
		if err != nil {
			return nil, err
		}
		s.layer = &layer{l.Target, l.Journals, l.NewFile}
		return s, nil
	}
}
