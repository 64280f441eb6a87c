//go:build unix

package ledger

import (
	"os"
	"strconv"
	"syscall"
)

// isPrivate reports whether folder is a folder of this user that nobody else can look into.
func isPrivate(folder string) bool {
	info, err := os.Lstat(folder)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

func userName() string { return strconv.Itoa(os.Geteuid()) }
