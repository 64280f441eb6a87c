//go:build unix

package options

import "syscall"

const (
	openFlags = syscall.O_NONBLOCK
)
