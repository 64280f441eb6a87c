package diskimage

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// GoldenMark implements imagefs.Founded. A disk below whose volume cannot be read any more has a mark that equals no other.
func (s *Session) GoldenMark() (m imagefs.GoldenMark, path string, known bool, err error) {
	first := 1
	if s.golden() && s.made.Overlay {
		first = 0
	}
	chain := s.image.Chain()
	if first >= len(chain) || s.golden() && !s.made.Overlay {
		return m, "", false, nil
	}
	marks, err := s.image.Fingerprint()
	if err != nil {
		return m, "", false, coded(imagefs.OpRead, s.path(), err)
	}
	h := sha256.New()
	m.Size = marks[first].Size
	for _, one := range marks[first:] {
		fmt.Fprintf(h, "%d %x\n", one.Size, one.SHA256)
		if one.ModTime.After(m.ModTime) {
			m.ModTime = one.ModTime
		}
	}
	volume := s.volume
	if first == 1 {
		volume, err = ntfs.Open(io.NewSectionReader(s.image.Below(), s.found.Off, s.found.Size), s.found.Size)
	}
	if err == nil {
		err = writeStart(h, volume)
	}
	if err != nil {
		fmt.Fprintf(h, "not read: %v", err)
	}
	h.Sum(m.Digest[:0])
	return m, plaintext.Line(chain[first].Path, 0), true, nil
}

// Doubt implements imagefs.Founded.
func (s *Session) Doubt() string {
	if s.image == nil || s.golden() {
		return ""
	}
	chain := s.image.Chain()
	for _, l := range chain[1:] {
		if l.ModTime.After(chain[0].ModTime) {
			return plaintext.Line(l.Path, 0) + " was written to after this overlay was, and an overlay on an image that changed is broken"
		}
	}
	return ""
}

// doubtful adds a doubt about what is below to an error about what is in the disk.
func (s *Session) doubtful(err error) error {
	doubt := s.Doubt()
	code, ok := winerr.CodeOf(err)
	if doubt == "" || !ok {
		return err
	}
	return winerr.Errorf(code, "%w (%s)", err, doubt)
}

// writeStart writes what every start of the Windows on a volume changes.
func writeStart(w io.Writer, v *ntfs.Volume) error {
	for _, part := range []struct {
		name string
		most int64
	}{{"$LogFile", 8 << 10}, {"$MFT", 16 << 10}, {systemHive, 4 << 10}} {
		f, err := v.Open(part.name)
		if err != nil {
			return err
		}
		b := make([]byte, part.most)
		n, err := f.ReadAt(b, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if _, err := w.Write(b[:n]); err != nil {
			return err
		}
	}
	return nil
}
