package imagefs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// Location is the one answer to "where is the image": what the user wrote, before anything is opened. The zero Location
// is nowhere.
type Location struct {
	WindowsPath string // the Windows directory of a mounted image, such as /mnt/web01/Windows; as it was written
	Machine     string // what messages call the machine that has it mounted, such as a guest's address; empty: this one
	Name        string // what the user calls the image on every machine (image_name); empty: nothing
}

// String returns what messages call the image, safe for a line.
func (l Location) String() string { return plaintext.Line(l.written(), 0) }

// written returns the location as it was written.
func (l Location) written() string {
	if l.Machine != "" {
		return l.Machine + ":" + l.WindowsPath
	}
	return l.WindowsPath
}

// ID returns the identity of the image within one configuration, such as a Terraform resource's: the path as it was
// written, without what says nothing in it. It does not depend on the working directory, so that a configuration with
// relative paths keeps its identities in another checkout.
func (l Location) ID() string {
	if l.WindowsPath == "" || l.Machine != "" {
		return l.written()
	}
	return filepath.Clean(l.WindowsPath)
}

// Key returns a comparable value that is the same for two ways to one image, as far as it shows now: two spellings of a
// path, a link, a mount of the same folder. It is for telling images of one run from each other, and for nothing that
// lasts. The Key of nowhere is nil.
func (l Location) Key() any {
	if l.WindowsPath == "" {
		return nil
	}
	if l.Machine != "" {
		return l.written()
	}
	path := resolved(l.WindowsPath)
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
	Unmounted                 // nothing, where images get mounted: the folder is empty, or not there either
	Missing                   // nothing, in a folder that has other things
)

// Presence looks at the location. Only a folder with something in it shows that an image is missing: a mount folder that
// is empty or was removed after unmounting, or a machine that never had it, says nothing about the image. What is on
// another machine counts as present.
func (l Location) Presence() Presence {
	if l.Machine != "" {
		return Present
	}
	if _, err := os.Stat(l.WindowsPath); !errors.Is(err, fs.ErrNotExist) {
		return Present
	}
	entries, err := os.ReadDir(filepath.Dir(absolute(l.WindowsPath)))
	if err == nil && len(entries) > 0 {
		return Missing
	}
	return Unmounted
}
