package e2e

import (
	"fmt"
	"os/exec"
	"syscall"
)

// ownGroup has a command start in a process group of its own.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// interruptGroup fails: such a group ignores Ctrl-C on Windows, and what else there is would be another test.
func interruptGroup(cmd *exec.Cmd) error {
	return fmt.Errorf("process %d of Windows cannot be interrupted by this test", cmd.Process.Pid)
}
