//go:build !linux

package firstboot

import "os/exec"

// endsWithUs does nothing where the system has no such thing: a later run finds the disk in use.
func endsWithUs(*exec.Cmd) {}
