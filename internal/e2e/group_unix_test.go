//go:build unix

package e2e

import (
	"os/exec"
	"syscall"
)

// ownGroup has a command start in a process group of its own, so that a signal reaches it and what it starts, alone.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interruptGroup sends what Ctrl-C sends to all processes of a command's group.
func interruptGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
