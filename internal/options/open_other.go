//go:build !unix

package options

// Windows opens no named pipe by a plain path.
const (
	openFlags = 0
)
