package imagefs

import (
	"io"
	"os"
	"strings"
)

// NTFSFlags returns the flags of the NTFS volume that a path is on, as its disk has them while it is mounted. known is
// false when the path is on something else, or the disk cannot be read, which only root may do as a rule.
//
// It looks below mounts of the driver ntfs-3g only: that one mounts a dirty volume for writing, and leaves the flag as it
// found it (tried with 2022.10.3). The kernel's ntfs3 refuses to do so, and sets the flag itself while it writes
// (its source says so).
func NTFSFlags(path string) (flags uint16, known bool) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return 0, false
	}
	defer f.Close() // only read
	m, found := mountOf(io.LimitReader(f, maxMounts), resolved(path))
	if !found || !strings.HasPrefix(m.kind, "fuse") || !strings.HasPrefix(m.source, "/") || m.source == "/dev/fuse" {
		return 0, false
	}
	info, err := os.Stat(m.source)
	if block := err == nil && info.Mode()&(os.ModeDevice|os.ModeCharDevice) == os.ModeDevice; err != nil ||
		!block && !info.Mode().IsRegular() {
		return 0, false
	}
	disk, err := os.Open(m.source)
	if err != nil {
		return 0, false
	}
	defer disk.Close() // only read
	return readNTFSFlags(disk)
}
