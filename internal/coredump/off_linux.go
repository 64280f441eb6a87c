package coredump

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Off makes the system keep nothing of this process when it dies. The error says what could not be set; there is then
// nothing that the program could do about it.
func Off() error {
	return errors.Join(
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
	)
}
