//go:build !unix

package options

// Windows has access control lists instead of mode bits, and opens no named pipe by a plain path.
const (
	openFlags        = 0
	modeTellsReaders = false
)
