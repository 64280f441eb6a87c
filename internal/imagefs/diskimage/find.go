package diskimage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/disk"
	"github.com/offlinejoin/offlinejoin/internal/disk/partition"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

const (
	// windowsFolder is what Windows calls its own directory.
	windowsFolder = "Windows"
	// systemHive is what a Windows has in any state.
	systemHive = windowsFolder + "/System32/config/SYSTEM"
)

// Looked is a partition and what was found in it.
type Looked struct {
	partition.Partition
	Windows bool
	Label   string // of an NTFS volume
	Err     error  // why it is not read, or not changed; nil for an NTFS volume in order
	volume  *ntfs.Volume
	absent  bool // it is read well enough to see that no Windows is there
}

// look opens the volume of a partition, and looks for a Windows.
func look(d io.ReaderAt, p partition.Partition) Looked {
	l := Looked{Partition: p}
	v, err := ntfs.Open(io.NewSectionReader(d, p.Off, p.Size), p.Size)
	if err != nil {
		l.Err = err
		return l
	}
	l.volume, l.Label, l.Err = v, plaintext.Line(v.Label(), plaintext.Name), v.Writable()
	_, err = v.Stat(systemHive)
	l.Windows, l.absent = err == nil, errors.Is(err, fs.ErrNotExist)
	if _, refused := errors.AsType[*ntfs.Refused](err); refused && l.Err == nil {
		l.Err = err
	}
	return l
}

// lookAll looks at all partitions of a disk.
func lookAll(d io.ReaderAt, t *partition.Table) []Looked {
	all := make([]Looked, 0, len(t.Partitions))
	for _, p := range t.Partitions {
		all = append(all, look(d, p))
	}
	return all
}

// find finds the partition with the Windows.
func (s *Session) find() error {
	table, err := partition.Read(s.disk, s.image.Size())
	if err != nil {
		return coded(imagefs.OpOpen, s.path(), err)
	}
	s.notes = append(s.notes, table.Notes...)
	s.many = table.Scheme != partition.Bare
	s.cached = disk.NewCached(s.disk) // which changes with Commit alone, the last use of a session
	all := lookAll(s.cached, table)
	var with []Looked
	for _, l := range all {
		if l.Windows {
			with = append(with, l)
		}
	}
	s.only = len(with) == 1
	if s.at.Partition != 0 {
		return s.chosen(all)
	}
	switch len(with) {
	case 1:
		s.found, s.volume = with[0].Partition, with[0].volume
		return nil
	case 0:
		return s.none(all)
	}
	return winerr.Errorf(winerr.InvalidParameter, "%s holds %d Windows installations (%s): choose with partition", s.shown(),
		len(with), list(with))
}

// chosen takes the partition that the user has named.
func (s *Session) chosen(all []Looked) error {
	for _, l := range all {
		switch {
		case l.Number != s.at.Partition:
			continue
		case l.Windows:
			s.found, s.volume = l.Partition, l.volume
			return nil
		case l.Err != nil:
			s.found = l.Partition
			return coded(imagefs.OpOpen, s.place(), l.Err)
		}
		return winerr.Errorf(winerr.InvalidParameter, "partition %d of %s holds no Windows installation: it has %s",
			l.Number, s.shown(), list(all))
	}
	return winerr.Errorf(winerr.InvalidParameter, "%s has no partition %d: it has %s", s.shown(), s.at.Partition, list(all))
}

// none returns the error of the partition that matters: the largest one for data that is refused; else that there is no
// Windows.
func (s *Session) none(all []Looked) error {
	var matters *Looked
	for i, l := range all {
		if l.Type.Foreign() {
			return winerr.Errorf(winerr.NotSupported, "%s, partition %d, belongs to a storage pool (or dynamic disk), which only "+
				"Windows can read", s.shown(), l.Number)
		}
		r, refused := errors.AsType[*ntfs.Refused](l.Err)
		if l.data() && l.Err != nil && !l.absent && (!refused || r.Kind != ntfs.NotNTFS) && (matters == nil || l.Size > matters.Size) {
			matters = &all[i]
		}
	}
	if matters != nil {
		s.found = matters.Partition
		return coded(imagefs.OpOpen, s.place(), matters.Err)
	}
	return winerr.Errorf(winerr.InvalidParameter, "%s holds no Windows installation: %s", s.shown(), list(all))
}

// list is "partition 1 EFI system, partition 3 NTFS "OS"".
func list(all []Looked) string {
	if len(all) == 0 {
		return "no partition"
	}
	words := make([]string, len(all))
	for i, l := range all {
		words[i] = fmt.Sprintf("partition %d %s", l.Number, l.Kind())
	}
	return strings.Join(words, ", ")
}

// data reports whether a Windows could be there.
func (l Looked) data() bool { return l.Type == partition.BasicData || l.Type == partition.Whole }

// Kind describes the partition in a few words.
func (l Looked) Kind() string {
	switch {
	case l.volume == nil:
		return string(l.Type)
	case l.Windows:
		return fmt.Sprintf("Windows on NTFS %q", l.Label)
	}
	return fmt.Sprintf("NTFS %q without a Windows directory", l.Label)
}
