//go:build killpoints && unix

package killpoint

import (
	"os"
	"strconv"
	"sync"
	"syscall"
)

// On says whether this build can be killed at its points.
const On = true

// state counts the points of this process.
var state struct {
	sync.Mutex
	n int
}

// Reached marks a point.
func Reached(point string) {
	state.Lock()
	defer state.Unlock()
	state.n++
	if name := os.Getenv("OFFLINEJOIN_TEST_KILL_LOG"); name != "" {
		if f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err == nil {
			_, _ = f.WriteString(point + "\n")
			_ = f.Close()
		}
	}
	if os.Getenv("OFFLINEJOIN_TEST_KILL_AT") == strconv.Itoa(state.n) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
