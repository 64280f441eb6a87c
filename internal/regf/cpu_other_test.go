//go:build !unix

package regf

import "time"

// cpuTime returns 0: it is measured on Unix alone.
func cpuTime() time.Duration { return 0 }
