package diskimage

import (
	"github.com/offlinejoin/offlinejoin/internal/disk/newfile"
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
	if l == nil {
		return nil
	}
	return l.newFile
}
