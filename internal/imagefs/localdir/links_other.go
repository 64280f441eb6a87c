//go:build unix && !linux

package localdir

import (
	"io/fs"
	"os"
	"syscall"
)

// countLinks returns the number of hard links.
func countLinks(_ *os.File, info fs.FileInfo, _ string) (int, error) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Nlink), nil
	}
	return 1, nil
}
