package localdir

import (
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ntfs3Magic is the f_type of the kernel's ntfs3 driver ("ntfs" in ASCII, little endian).
const ntfs3Magic = 0x7366746E

// countLinks returns the number of hard links. NTFS drivers count a long name and its short DOS partner as two
// (observed with ntfs-3g 2022.10.3), which are one file to everybody.
func countLinks(f *os.File, info fs.FileInfo, name string) (int, error) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 1, nil
	}
	links := int(st.Nlink)
	if links != 2 || isShortName(name) {
		return links, nil
	}
	var vol unix.Statfs_t
	if err := control(f, func(fd int) error { return unix.Fstatfs(fd, &vol) }); err != nil {
		return 0, err
	}
	if t := int64(vol.Type); t == ntfs3Magic || t == unix.FUSE_SUPER_MAGIC {
		return 1, nil
	}
	return links, nil
}

// isShortName reports whether a name fits 8.3, and so has no short partner on NTFS.
func isShortName(name string) bool {
	base, ext, _ := strings.Cut(name, ".")
	return len(base) <= 8 && len(ext) <= 3 && !strings.ContainsAny(ext, ".") && !strings.ContainsAny(name, " +,;=[]")
}
