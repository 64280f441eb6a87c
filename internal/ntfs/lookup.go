package ntfs

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
	"unicode/utf16"
)

// Attributes of a file as $STANDARD_INFORMATION and directory entries keep them.
const (
	FileReadOnly   = 0x0001
	FileHidden     = 0x0002
	FileSystem     = 0x0004
	FileArchive    = 0x0020
	FileSparse     = 0x0200
	FileReparse    = 0x0400
	FileCompressed = 0x0800
	FileNotIndexed = 0x2000
	FileEncrypted  = 0x4000

	fileDirectoryCopy = 0x10000000 // in names only: the file is a directory
)

// Info describes a file or directory.
type Info struct {
	Name       string // as it is written on the volume
	Directory  bool
	Size       int64
	Links      int    // names, where a long name and its DOS twin count as one
	Attributes uint32 // FileReadOnly and so on
	ReparseTag uint32 // of a reparse point, else 0
	Modified   time.Time
	Created    time.Time
	Accessed   time.Time
	Reference  uint64 // record number, and in the upper 16 bits how often the record was used: names this file and no later one
}

// DirEntry is one name in a directory. Names that only DOS sees are left out.
type DirEntry struct {
	Name       string
	Directory  bool
	Size       int64  // as the directory keeps it, which may be out of date
	Attributes uint32 // likewise
	Reference  uint64
}

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// lookup finds a file by its path from the root, in any case, also by its DOS name. Its error wraps fs.ErrNotExist when a name
// is not there, or is not in a directory. It does not go through reparse points (*Refused).
func (r *reader) lookup(path string) (*inode, error) {
	i, err := r.inode(recordRoot)
	if err != nil {
		return nil, err
	}
	for _, name := range splitPath(path) {
		if !i.directory() {
			return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
		}
		if i.has(typeReparsePoint) {
			return nil, fmt.Errorf("%s: %w", path, &Refused{Kind: Reparse})
		}
		reference, err := r.child(i, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if i, err = r.referenced(reference); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return i, nil
}

// child returns the reference that a directory has under a name.
func (r *reader) child(dir *inode, name string) (uint64, error) {
	x, err := r.index(dir, fileIndex, typeFileName, collateFileName)
	if err != nil {
		return 0, err
	}
	path, found, err := x.find(r.byName(utf16.Encode([]rune(name))))
	if err != nil {
		return 0, err
	}
	if !found {
		return 0, fs.ErrNotExist
	}
	last := path[len(path)-1]
	return last.node.entries[last.at].reference(), nil
}

// names returns the $FILE_NAMEs of a file.
func (i *inode) names() ([]fileName, error) {
	var all []fileName
	for _, a := range i.attrs {
		if a.typ != typeFileName {
			continue
		}
		f, err := parseFileName(a.value)
		if err != nil {
			return nil, inRecord(i.number, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// Stat describes the file or directory at a path, which may be "" for the root.
func (r *reader) Stat(path string) (Info, error) {
	i, err := r.lookup(path)
	if err != nil {
		return Info{}, err
	}
	info, err := r.info(i)
	if err != nil {
		return Info{}, fmt.Errorf("%s: %w", path, err)
	}
	return info, nil
}

func (r *reader) info(i *inode) (Info, error) {
	info := Info{Directory: i.directory(), Reference: i.reference()}
	names, err := i.names()
	if err != nil {
		return info, err
	}
	for _, f := range names {
		if f.space() != spaceDOS {
			info.Links++
			info.Name = f.String()
		}
	}
	if std := i.first(typeStandardInformation, ""); std != nil && len(std.value) >= 48 {
		info.Attributes = u32(std.value, 32)
		info.Created, info.Modified = fileTime(u64(std.value, 0)), fileTime(u64(std.value, 8))
		info.Accessed = fileTime(u64(std.value, 24))
	}
	if p := i.first(typeReparsePoint, ""); p != nil && len(p.value) >= 4 {
		info.ReparseTag = u32(p.value, 0)
	}
	if i.directory() {
		return info, nil
	}
	s, err := i.stream(typeData, "")
	if s != nil {
		info.Size = s.size
	}
	return info, err
}

// ReadDir lists a directory, "" for the root, in the volume's order. The files of NTFS itself are left out.
func (r *reader) ReadDir(path string) ([]DirEntry, error) {
	i, err := r.lookup(path)
	if err != nil {
		return nil, err
	}
	if !i.directory() {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrInvalid)
	}
	if i.has(typeReparsePoint) {
		return nil, fmt.Errorf("%s: %w", path, &Refused{Kind: Reparse})
	}
	x, err := r.index(i, fileIndex, typeFileName, collateFileName)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var all []DirEntry
	err = x.walk(func(e entry) error {
		f, err := parseFileName(e.key())
		if err != nil {
			return err
		}
		if f.space() == spaceDOS || e.reference()&referenceMask < recordExtend+1 {
			return nil
		}
		flags := u32(f, 56)
		all = append(all, DirEntry{
			Name: f.String(), Directory: flags&fileDirectoryCopy != 0, Size: i64(f, 48),
			Attributes: flags &^ fileDirectoryCopy, Reference: e.reference(),
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// NTFS counts time in units of 100 ns since 1601.
const (
	ticksPerSecond = 10_000_000
	epochSeconds   = 11_644_473_600 // between 1601 and 1970
)

func fileTime(ticks uint64) time.Time {
	return time.Unix(int64(ticks/ticksPerSecond)-epochSeconds, int64(ticks%ticksPerSecond)*100).UTC()
}

func ticks(t time.Time) uint64 {
	return uint64(t.Unix()+epochSeconds)*ticksPerSecond + uint64(t.Nanosecond()/100)
}
