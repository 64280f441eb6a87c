package diskimage

import (
	"github.com/offlinejoin/offlinejoin/internal/disk/newfile"
	"github.com/offlinejoin/offlinejoin/internal/killpoint"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

// layer stands between a commit and the system; tests make writes fail with it. nil is none.
type layer struct {
	target   func(undojournal.File) undojournal.File
	journals func(undojournal.Folder) undojournal.Folder
	newFile  func(newfile.Layer) newfile.Layer
}

func (l *layer) file(f undojournal.File) undojournal.File {
	if l == nil || l.target == nil {
		return f
	}
	return l.target(f)
}

func (l *layer) folder(f undojournal.Folder) undojournal.Folder {
	if l == nil || l.journals == nil {
		return f
	}
	return l.journals(f)
}

func (l *layer) made() func(newfile.Layer) newfile.Layer {
	switch {
	case l != nil:
		return l.newFile
	case killpoint.On:
		return func(f newfile.Layer) newfile.Layer { return killed{f} }
	}
	return nil
}

// killed is a new file in a build for tests whose process is killed while the file is written.
type killed struct{ newfile.Layer }

func (k killed) WriteAt(p []byte, off int64) (int, error) {
	killpoint.Reached("before a write of the new disk")
	return k.Layer.WriteAt(p, off)
}

func (k killed) Sync() error {
	killpoint.Reached("before the sync of the new disk")
	err := k.Layer.Sync()
	killpoint.Reached("after the sync of the new disk")
	return err
}
