package newfile

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// createNameless makes a file without a name in the folder. Not every file system can (vfat, NFS, overlay on old kernels).
func createNameless(folder string) (*os.File, error) {
	fd, err := unix.Open(folder, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: folder, Err: err}
	}
	return os.NewFile(uintptr(fd), folder+"/(new file)"), nil
}

// linkAndClose gives the file its name. A file without a name is linked by way of /proc, which needs no privilege; without a
// mounted /proc by its descriptor, which needs CAP_DAC_READ_SEARCH on older kernels.
func (f *File) linkAndClose() error {
	if f.temp != "" {
		return f.publishNamed()
	}
	fd := int(f.Fd())
	err := unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, f.dst, unix.AT_SYMLINK_FOLLOW)
	if errors.Is(err, unix.ENOENT) {
		err = unix.Linkat(fd, "", unix.AT_FDCWD, f.dst, unix.AT_EMPTY_PATH)
	}
	if err != nil {
		return &os.LinkError{Op: "link", Old: f.Name(), New: f.dst, Err: err}
	}
	f.done = true
	return f.Close()
}

func renameNoReplace(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}
