package imagefs

import (
	"io/fs"
	"os"
	"path/filepath"
)

// Exposure is what others on the machine that has an image mounted may do with a file of it. Its owner and the
// administrators of the machine are no others.
type Exposure struct {
	Path  string      // what messages call the file, or the folder above it that lets others in
	Mode  fs.FileMode // of that
	Read  bool        // others can read the file
	Write bool        // others can change or replace it
}

// Exposed is a volume that can report who else may get at its files.
type Exposed interface {
	// Exposure looks at a file or directory as it is now. known is false where the system does not say.
	Exposure(name string) (e Exposure, known bool, err error)
}

// ExposureOf returns the exposure of a file of any volume; known is false when the volume cannot say.
func ExposureOf(v Volume, name string) (e Exposure, known bool, err error) {
	if x, can := v.(Exposed); can {
		return x.Exposure(name)
	}
	return Exposure{}, false, nil
}

// PathExposure returns the exposure of a file or directory of this machine: by its mode and those of all directories above
// it, and by whether its mount lets others in at all. known is false on systems without modes.
func PathExposure(name string) (e Exposure, known bool, err error) {
	if !modesTell {
		return Exposure{}, false, nil
	}
	path, err := filepath.Abs(name)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return Exposure{}, false, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return Exposure{}, false, err
	}
	if mountIsPrivate(path) {
		return Exposure{Path: name, Mode: info.Mode().Perm()}, true, nil
	}
	e, err = exposure(path, info)
	if e.Path == path {
		e.Path = name
	}
	return e, err == nil, err
}

// The bits of a class of users, and how far they are shifted for it.
const (
	read, write, search = 4, 2, 1

	group, others = 3, 0
)

// exposure judges a file by its mode and those of the folders above it. Group and others are looked at one by one: what
// lets the one in does not let the other.
func exposure(path string, info fs.FileInfo) (e Exposure, err error) {
	e = Exposure{Path: path, Mode: info.Mode().Perm()}
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
