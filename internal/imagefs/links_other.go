//go:build unix && !linux

package imagefs

import (
	"os"
	"syscall"
)

// CountLinks returns the number of hard links of an open file. Errors are those of the system.
func CountLinks(f *os.File, _ string) (int, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Nlink), nil
	}
	return 1, nil
}
