package imagefs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Location is the one answer to "where is the image": what the user wrote, before anything is opened. The zero Location
// is nowhere.
type Location struct {
	// WindowsPath is the Windows directory of a mounted image, such as /mnt/web01/Windows; as it was written.
	WindowsPath string
	// ImagePath is a disk image file that holds the Windows, in place of WindowsPath.
	ImagePath string
	Partition int // of the disk that has the Windows; 0: the only one that does

	// OverlayPath or CopyPath is a new disk that is made from the one at ImagePath, which is then only read: a qcow2
	// image that stands on it, or a file of its own. Empty: ImagePath itself is changed.
	OverlayPath, CopyPath string
	Backing               string // how an overlay names its golden image: BackingAbsolute (also when empty) or BackingRelative
	// Anew means for a rehearsal that the file which is at the path of the new disk now will have been removed by then.
	Anew bool

	// JournalDir is a folder for the journal of changes to ImagePath in place, when that is a block device, which has no
	// folder of its own.
	JournalDir string

	Machine string // what messages call the machine that has it mounted, such as a guest's address; empty: this one
	Name    string // what the user calls the image on every machine (image_name); empty: nothing
}

// String returns what messages call the image, safe for a line.
func (l Location) String() string { return plaintext.Line(l.written(), 0) }

// written returns the location as it was written.
func (l Location) written() string {
	switch {
	case l.ImagePath != "":
		return l.disk() + l.hash()
	case l.Machine != "":
		return l.Machine + ":" + l.WindowsPath
	}
	return l.WindowsPath
}

// What [Location.Backing] can be.
const (
	BackingAbsolute = "absolute"
	BackingRelative = "relative"
)

// NewPath returns where a new disk is made, and "" when the image itself is changed.
func (l Location) NewPath() string {
	if l.OverlayPath != "" {
		return l.OverlayPath
	}
	return l.CopyPath
}

// Made returns the location of the new disk by itself, once it is made; any other location as it is.
func (l Location) Made() Location {
	if path := l.NewPath(); path != "" {
		l.ImagePath, l.OverlayPath, l.CopyPath, l.Backing, l.JournalDir = path, "", "", "", ""
	}
	return l
}

// Check refuses locations that contradict themselves (87). Nowhere is no contradiction.
func (l Location) Check() error {
	invalid := func(format string, args ...any) error { return winerr.Errorf(winerr.InvalidParameter, format, args...) }
	switch {
	case l.WindowsPath != "" && l.ImagePath != "":
		return invalid("windows_path and image_path are both there, and an image is in one place: leave one out")
	case l.ImagePath == "" && (l.NewPath() != "" || l.Partition != 0):
		return invalid("partition, overlay_path and copy_path are about the disk image file of image_path, which is not there")
	case l.ImagePath == "" && l.JournalDir != "":
		return invalid("journal_dir is about the block device of image_path, which is not there")
	case l.OverlayPath != "" && l.CopyPath != "":
		return invalid("overlay_path and copy_path are both there, and one new disk is made: leave one out")
	case l.NewPath() != "" && filepath.Clean(l.NewPath()) == filepath.Clean(l.ImagePath):
		return invalid("%s is both the golden image and the new disk: give the new disk another name",
			plaintext.Line(l.ImagePath, 0))
	case len(l.Name) > maxName || plaintext.Line(l.Name, 0) != l.Name:
		return invalid("image_name is longer than %d bytes, or has signs that no line shows: give a plain one", maxName)
	case l.Name != "" && strings.TrimSpace(l.Name) == "":
		return invalid("image_name consists of blanks, and names no image: write what every host calls it, or leave it out")
	case l.Partition < 0:
		return invalid("partition = %d is no number of a partition: they count from 1", l.Partition)
	case l.Backing != "" && l.OverlayPath == "":
		return invalid("backing = %q says how an overlay names its golden image, and overlay_path is not there: leave it out", l.Backing)
	case l.Backing != "" && l.Backing != BackingAbsolute && l.Backing != BackingRelative:
		return invalid(`backing = %q is not known: use "absolute" or "relative"`, l.Backing)
	}
	return nil
}

// maxName bounds the name of an image, in bytes.
const maxName = 500

// disk returns the file that has, or will have, the join.
func (l Location) disk() string { return l.Made().ImagePath }

// hash returns the partition as identities have it: "#3", and "" when none was chosen.
func (l Location) hash() string {
	if l.Partition == 0 {
		return ""
	}
	return "#" + strconv.Itoa(l.Partition)
}

// ID returns the identity of the image within one configuration, such as a Terraform resource's: the path as it was
// written, without what says nothing in it. It does not depend on the working directory, so that a configuration with
// relative paths keeps its identities in another checkout.
func (l Location) ID() string {
	switch {
	case l.ImagePath != "":
		return filepath.Clean(l.disk()) + l.hash()
	case l.WindowsPath == "" || l.Machine != "":
		return l.written()
	}
	return filepath.Clean(l.WindowsPath)
}

// Key returns a comparable value that is the same for two ways to one image, as far as it shows now: two spellings of a
// path, a link, a mount of the same folder. It is for telling images of one run from each other, and for nothing that
// lasts. The Key of nowhere is nil.
func (l Location) Key() any {
	if l.ImagePath != "" {
		return diskKey{fileKey(l.disk()), l.Partition}
	}
	if l.WindowsPath == "" {
		return nil
	}
	if l.Machine != "" {
		return l.written()
	}
	return fileKey(l.WindowsPath)
}

// diskKey is the Key of a Windows in a disk image file.
type diskKey struct {
	file      any
	partition int
}

// fileKey returns the Key of a file or folder of this machine.
func fileKey(path string) any {
	path = resolved(path)
	if info, err := os.Stat(path); err == nil {
		if key, ok := folderKey(info); ok {
			return key
		}
	}
	if runtime.GOOS == "windows" {
		return strings.ToLower(path)
	}
	return path
}

// absolute returns the absolute path, and the clean one when the working directory is gone.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return filepath.Clean(path)
}

// Presence is what is at the location of an image.
type Presence int

const (
	Present   Presence = iota // something is there; whether it is an image shows when it is opened
	Unmounted                 // nothing, where images get mounted: the folder is empty, or not there either; or a link that leads nowhere
	Missing                   // nothing, in a folder that has other things
)

// Presence looks at the location. Only a folder with something in it shows that an image is missing: a mount folder that
// is empty or was removed after unmounting, or a machine that never had it, says nothing about the image. What is on
// another machine counts as present.
func (l Location) Presence() Presence {
	if l.Machine != "" {
		return Present
	}
	path := l.WindowsPath
	if l.ImagePath != "" {
		path = l.disk()
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return Present
	}
	if _, err := os.Lstat(path); err == nil {
		return Unmounted
	}
	entries, err := os.ReadDir(filepath.Dir(absolute(path)))
	if err == nil && len(entries) > 0 {
		return Missing
	}
	return Unmounted
}

// Other says what there is at the location of an image where no image can be, such as "a directory" in the place of a disk image
// file; "" where there may be one, and where nothing is there. Links are followed.
func (l Location) Other() string {
	if l.Machine != "" {
		return ""
	}
	path, fits := l.WindowsPath, fs.FileMode.IsDir
	if l.ImagePath != "" {
		path, fits = l.disk(), isFileOrDisk
	}
	info, err := os.Stat(path)
	if err != nil || fits(info.Mode()) {
		return ""
	}
	return Describe(info.Mode())
}

// isFileOrDisk reports whether a mode is of a regular file or of a block device.
func isFileOrDisk(mode fs.FileMode) bool {
	return mode.IsRegular() || mode&fs.ModeDevice != 0 && mode&fs.ModeCharDevice == 0
}
