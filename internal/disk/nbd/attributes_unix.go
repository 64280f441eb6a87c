//go:build unix && !linux

package nbd

import "syscall"

// attributes of the process: a Ctrl-C is for us alone, since qemu-nbd ends with the connection.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
