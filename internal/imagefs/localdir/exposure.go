package localdir

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// Exposure implements imagefs.Exposed.
func (s *Session) Exposure(name string) (e imagefs.Exposure, known bool, err error) {
	t, name, err := s.tree(name, imagefs.OpOpen)
	if err != nil {
		return imagefs.Exposure{}, false, err
	}
	return t.Exposure(name)
}

// Exposure implements imagefs.Exposed: by the modes of the file and of all directories above it, and by whether its mount
// lets others in at all.
func (d *Tree) Exposure(name string) (e imagefs.Exposure, known bool, err error) {
	if !modesTell {
		return imagefs.Exposure{}, false, nil
	}
	p, err := d.find(name)
	if err != nil {
		return imagefs.Exposure{}, false, err
	}
	defer p.close()
	path, err := filepath.Abs(p.path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return imagefs.Exposure{}, false, failed(imagefs.OpOpen, p.path, err)
	}
	if mountIsPrivate(path) {
		return imagefs.Exposure{Path: p.path, Mode: p.info.Mode().Perm()}, true, nil
	}
	e, err = exposure(path, p.info)
	if e.Path == path {
		e.Path = p.path
	}
	return e, err == nil, failed(imagefs.OpOpen, p.path, err)
}

// The bits of a class of users, and how far they are shifted for it.
const (
	read, write, search = 4, 2, 1

	group, others = 3, 0
)

// exposure judges a file by its mode and those of the folders above it. Group and others are looked at one by one: what
// lets the one in does not let the other.
func exposure(path string, info fs.FileInfo) (e imagefs.Exposure, err error) {
	e = imagefs.Exposure{Path: path, Mode: info.Mode().Perm()}
	var above []fs.FileInfo
	var paths []string
	for dir, last := filepath.Dir(path), path; dir != last; dir, last = filepath.Dir(dir), dir {
		at, err := os.Stat(dir)
		if err != nil {
			return e, err
		}
		above, paths = append(above, at), append(paths, dir)
	}
	for _, class := range []int{others, group} {
		reached, replaced := true, -1
		for i := len(above) - 1; i >= 0 && reached; i-- { // from the root down
			reached = bits(above[i], class)&search != 0 || bits(above[i], others)&search != 0
			if reached && bits(above[i], class)&write != 0 && above[i].Mode()&fs.ModeSticky == 0 {
				replaced = i
			}
		}
		if reached {
			e.Read = e.Read || bits(info, class)&read != 0
			e.Write = e.Write || bits(info, class)&write != 0
		}
		if replaced >= 0 && !e.Write {
			e.Write, e.Path, e.Mode = true, paths[replaced], above[replaced].Mode().Perm()
		}
	}
	return e, nil
}

// bits returns what a class of users may do. The group that is a user's own has nobody else in it.
func bits(info fs.FileInfo, class int) fs.FileMode {
	if class == group && isOwnGroup(info) {
		return 0
	}
	return info.Mode() >> class & (read | write | search)
}
