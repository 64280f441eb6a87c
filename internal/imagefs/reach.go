package imagefs

import (
	"os"
	"path/filepath"
)

// Retaining is a volume whose file system may keep what was overwritten.
type Retaining interface {
	// Retains returns the name of such a file system, as PathRetains does.
	Retains(name string) string
}

// Retains returns what a volume says of a file; it is empty when the volume cannot say.
func Retains(v Volume, name string) string {
	if r, can := v.(Retaining); can {
		return r.Retains(name)
	}
	return ""
}

// PathRetains returns the name of the file system that a path of this machine is on when that writes what is changed to
// another place, so that the bytes that were there before can stay on the disk after they were overwritten: "btrfs",
// "zfs", "xfs", "bcachefs" or "overlayfs". It is empty where bytes are overwritten in place, and where the system does not
// report it. Snapshots below the file system, such as of a disk image, do not show here.
func PathRetains(path string) string {
	for last := ""; path != last; last, path = path, filepath.Dir(path) {
		if _, err := os.Stat(path); err == nil {
			return copyOnWrite(path)
		}
	}
	return ""
}
