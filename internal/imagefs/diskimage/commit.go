package diskimage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/disk"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Commit implements imagefs.Session. In place it is one change with a journal; a new disk gets its name when it is whole and
// flushed. The session is of no use afterwards: what the file holds is read in another one.
func (s *Session) Commit(ctx context.Context) (imagefs.Cost, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mode != imagefs.Write {
		return imagefs.Cost{}, nil
	}
	if err := s.prepare(ctx); err != nil {
		return imagefs.Cost{}, err
	}
	p := s.prepared
	defer p.wipe()
	switch {
	case !s.golden():
		return s.writeInPlace(p)
	case s.made.Overlay:
		return s.makeOverlay(ctx, p)
	}
	return s.makeCopy(ctx, p)
}

func (s *Session) writeInPlace(p *prepared) (imagefs.Cost, error) {
	if len(p.writes) == 0 {
		return imagefs.Cost{}, nil
	}
	journal, err := s.journalOf(s.image.FilePath(), s.image.File())
	if err != nil {
		return imagefs.Cost{}, imagefs.Untouched(imagefs.Wrap(imagefs.OpOpen, s.image.FilePath(), err))
	}
	if s.image.ByEngine() != nil {
		journal.identity = []byte(virtualDisk)
	}
	folder, err := journal.openFolder()
	if err != nil {
		return imagefs.Cost{}, imagefs.Untouched(imagefs.Wrap(imagefs.OpOpen, filepath.Dir(journal.path), err))
	}
	defer folder.Close() // its journals are synced
	cost, err := undojournal.Write(s.layer.file(s.image.Target()), s.layer.folder(folder), journal.name(), p.change, journal.identity)
	return imagefs.Cost{Bytes: cost.Bytes, Syncs: cost.Syncs}, s.writeError(journal.path, err)
}

// writeError says what a failed change has left behind.
func (s *Session) writeError(journal string, err error) error {
	if err == nil {
		return nil
	}
	w, ok := errors.AsType[*undojournal.WriteError](err)
	if !ok { // there is no journal, without which nothing is changed
		if pe, is := errors.AsType[*fs.PathError](err); is && pe.Op != "read" {
			return imagefs.Untouched(imagefs.Wrap(imagefs.OpCreate, journal, imagefs.FromSystem(err)))
		}
		return imagefs.Untouched(coded(imagefs.OpWrite, s.path(), err))
	}
	cause := systemError(imagefs.OpWrite, s.path(), w.Err)
	code, _ := winerr.CodeOf(cause)
	switch w.State {
	case undojournal.Unchanged:
		return imagefs.Untouched(winerr.Errorf(code, "%w. The image is as it was before.", winerr.Uncoded(cause)))
	case undojournal.Changed:
		return winerr.Errorf(code, "%s is changed, but %s could not be removed: remove it, or run the command again: %w", s.shown(),
			plaintext.Line(journal, 0), plain{w.Err})
	}
	return winerr.Errorf(code, "%w: do not start the machine while %s is there; run the command again, which undoes or completes "+
		"the change", winerr.Uncoded(cause), plaintext.Line(journal, 0))
}

func (s *Session) makeOverlay(ctx context.Context, p *prepared) (imagefs.Cost, error) {
	made, err := s.image.Overlay(ctx, p.writes, s.made.Path, qcow2.OverlayOptions{
		Relative: s.at.Backing == imagefs.BackingRelative, Through: s.layer.made(),
	})
	if err != nil {
		return imagefs.Cost{}, s.makeError(err)
	}
	s.made.Size = made.Size
	return imagefs.Cost{Bytes: made.Size, Syncs: newFileSyncs}, nil
}

// newFileSyncs is how often a new file waits for the disk: for itself and for its folder.
const newFileSyncs = 2

func (s *Session) makeCopy(ctx context.Context, p *prepared) (imagefs.Cost, error) {
	copied, err := s.image.CopyTo(ctx, s.made.Path, disk.CopyOptions{
		Plan: p.file, Progress: s.progress, Through: s.layer.made(),
	})
	if err != nil {
		return imagefs.Cost{}, s.makeError(err)
	}
	s.made.Size = copied.Size
	cost := imagefs.Cost{Bytes: copied.Size, Syncs: newFileSyncs}
	if copied.Reflink {
		cost.Bytes = 0
		for _, w := range p.writes {
			cost.Bytes += int64(len(w.Data))
		}
	}
	return cost, nil
}

// makeError is a failure to make a new disk. Nothing counts as written where there is none afterwards, or one of somebody else's.
func (s *Session) makeError(err error) error {
	if errors.Is(err, fs.ErrExist) { // it was not there when the session was opened
		return imagefs.MadeMeanwhile(s.made.Path)
	}
	failed := coded(imagefs.OpCreate, s.made.Path, err)
	if _, err := os.Lstat(s.made.Path); !errors.Is(err, fs.ErrNotExist) {
		return failed
	}
	return imagefs.Untouched(failed)
}
