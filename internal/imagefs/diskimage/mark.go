package diskimage

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

var _ imagefs.DiskFile = (*Session)(nil)

// maxWhole bounds the size of a file that is read whole for its mark, in bytes: overlays have a few MiB when they are made.
const maxWhole = 256 << 20

// Disk implements imagefs.DiskFile.
func (s *Session) Disk() imagefs.DiskFacts {
	facts := imagefs.DiskFacts{Format: string(s.image.Format()), Size: s.image.Size(), Partition: s.found.Number, Only: s.only}
	if chain := s.image.Chain(); len(chain) > 1 {
		facts.Backing = chain[1].Path
	}
	return facts
}

// Mark implements imagefs.DiskFile. An overlay is read whole, since everything that a machine does goes into its file. Of a
// disk that stands alone NTFS's own journal and the hives are enough, both of which change at every start of a Windows.
func (s *Session) Mark() (m imagefs.DiskMark, err error) {
	top := s.image.Chain()[0]
	if err := s.markable(); err != nil {
		return imagefs.DiskMark{}, err
	}
	m.File = imagefs.FileMark{Path: top.Path, Size: top.FileSize, ModTime: top.ModTime.UTC()}
	if len(s.image.Chain()) > 1 && top.FileSize <= maxWhole {
		m.Whole = true
		m.File.SHA256, err = digestOf(s.image.File(), top.FileSize)
		return m, coded(imagefs.OpOpen, s.path(), err)
	}
	log := sha256.New()
	if err := s.volume.WriteLog(log); err != nil {
		return imagefs.DiskMark{}, coded(imagefs.OpOpen, s.place(), err)
	}
	m.Log = sum(log)
	m.Hives, err = s.hiveHeads()
	return m, err
}

// markable refuses a file whose later changes would not show.
func (s *Session) markable() error {
	switch top := s.image.Chain()[0]; {
	case HasJournal(s.path()):
		return winerr.Errorf(winerr.Busy, "%s has the journal of an interrupted edit", s.shown())
	case top.Unlocked || top.Device:
		return winerr.Errorf(winerr.NotSupported, "%s is where files are not locked while machines use them", s.shown())
	}
	return coded(imagefs.OpChange, s.place(), s.volume.Writable())
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

func digestOf(f io.ReaderAt, size int64) (string, error) {
	h := sha256.New()
	n, err := io.Copy(h, io.NewSectionReader(f, 0, size))
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	return sum(h), err
}

// hiveHeads returns a digest of the first page of every hive that Windows has open while it runs, and of its logs. There are
// the sequence numbers and the time of the last write ("regf" specification, base block; log entry).
func (s *Session) hiveHeads() (string, error) {
	h := sha256.New()
	page := make([]byte, hivePage)
	for _, hive := range []string{"SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT"} {
		for _, suffix := range []string{"", ".LOG1", ".LOG2"} {
			n, err := s.head(windowsFolder+"/System32/config/"+hive+suffix, page)
			if err != nil {
				return "", err
			}
			_, _ = h.Write([]byte(hive + suffix + "\x00")) // a hash takes everything
			_, _ = h.Write(page[:n])
		}
	}
	return sum(h), nil
}

const hivePage = 4096

// head reads the beginning of a file; one that is not there has none.
func (s *Session) head(name string, page []byte) (int, error) {
	f, err := s.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close() // only read
	n, err := f.ReadAt(page, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}
