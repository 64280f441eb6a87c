//go:build !unix

package imagefs

// MayWrite reports whether this user may write what is at a path, which is not looked at here: whoever writes finds out.
func MayWrite(string) bool { return true }
