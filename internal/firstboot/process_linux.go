package firstboot

import (
	"os/exec"
	"syscall"
)

// endsWithUs makes the system end a process when this one is killed, so that no machine goes on with a disk that a later run
// makes anew.
func endsWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
