package diskimage

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// deviceIdentity returns what the kernel calls a block device at every start of the system: the serial number or world wide
// name of a disk, with the number of the partition on it; the name of a mapped device; the file behind a loop device
// (the kernel's ABI documents of block, dm and loop). Where there is none it is the device's path.
func deviceIdentity(path string, info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "path:" + followed(path)
	}
	dev := uint64(st.Rdev)
	sys := fmt.Sprintf("/sys/dev/block/%d:%d", unix.Major(dev), unix.Minor(dev))
	part := ""
	if n := attribute(sys, "partition"); n != "" {
		if disk, err := filepath.EvalSymlinks(sys); err == nil {
			sys, part = filepath.Dir(disk), ":"+n
		}
	}
	for _, name := range []string{"dm/uuid", "wwid", "device/wwid", "serial", "device/serial", "loop/backing_file"} {
		if v := attribute(sys, name); v != "" {
			return name + ":" + v + part
		}
	}
	return "path:" + followed(path)
}

// attribute reads a line of sysfs, and returns "" where there is none.
func attribute(sys, name string) string {
	b, err := os.ReadFile(filepath.Join(sys, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// inMemory reports whether a folder is on a file system that ends with the machine.
func inMemory(dir string) bool {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return false
	}
	return int64(s.Type) == unix.TMPFS_MAGIC || int64(s.Type) == unix.RAMFS_MAGIC
}
