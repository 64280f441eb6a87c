package imagefs

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// ntfs3Magic is the f_type of the kernel's ntfs3 driver ("ntfs" in ASCII, little endian).
const ntfs3Magic = 0x7366746E

// CountLinks returns the number of hard links of an open file that was opened by a name, which counts without its folder:
// NTFS drivers count a long name and its short DOS partner as two (tried with ntfs-3g 2022.10.3), which are one file to
// everybody. Errors are those of the system.
func CountLinks(f *os.File, name string) (int, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var st unix.Stat_t
	var vol unix.Statfs_t
	var inner error
	err = conn.Control(func(fd uintptr) {
		if inner = unix.Fstat(int(fd), &st); inner == nil && st.Nlink == 2 && !isShortName(name) {
			inner = unix.Fstatfs(int(fd), &vol)
		}
	})
	if err != nil {
		return 0, err
	}
	if t := int64(vol.Type); t == ntfs3Magic || t == unix.FUSE_SUPER_MAGIC {
		return 1, inner
	}
	return int(st.Nlink), inner
}

// isShortName reports whether a name fits 8.3, and so has no short partner on NTFS.
func isShortName(name string) bool {
	base, ext, _ := strings.Cut(name, ".")
	return len(base) <= 8 && len(ext) <= 3 && !strings.ContainsAny(ext, ".") && !strings.ContainsAny(name, " +,;=[]")
}
