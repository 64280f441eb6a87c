//go:build unix

package regf

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns what this process has used of all processors.
func cpuTime() time.Duration {
	var use unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
