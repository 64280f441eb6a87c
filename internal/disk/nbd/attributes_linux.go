package nbd

import "syscall"

// attributes of the process: a Ctrl-C is for us alone, since qemu-nbd ends with the connection. If we end before there is
// one, the kernel asks it to end.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
