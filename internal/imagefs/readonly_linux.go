package imagefs

import "golang.org/x/sys/unix"

// ReadOnly reports whether the file system at a path is mounted read-only. What cannot be asked counts as writable: whoever
// writes finds out.
func ReadOnly(path string) bool {
	var vol unix.Statfs_t
	return unix.Statfs(path, &vol) == nil && vol.Flags&unix.ST_RDONLY != 0
}
