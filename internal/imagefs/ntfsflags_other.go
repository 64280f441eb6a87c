//go:build !linux

package imagefs

// NTFSFlags cannot look below a mount on these systems.
func NTFSFlags(string) (flags uint16, known bool) { return 0, false }
