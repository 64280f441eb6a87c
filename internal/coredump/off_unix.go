//go:build unix && !linux

package coredump

import "golang.org/x/sys/unix"

// Off makes the system keep nothing of this process when it dies. The error says what could not be set; there is then
// nothing that the program could do about it.
func Off() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }
