package virtdisk

import (
	"context"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
)

// handle is a HANDLE.
type handle uintptr

// system is what this package calls of Windows. An error is a syscall.Errno with the code that Windows returned, or GetLastError's.
type system struct {
	// elevated reports whether the process has the rights of an administrator.
	elevated func() bool

	openVirtualDisk   func(t *storageType, path string, access, flags uint32, p *openParameters) (handle, error)
	createVirtualDisk func(t *storageType, path string, access, flags uint32, p *createParameters) (handle, error)
	attachVirtualDisk func(h handle, flags uint32, p *attachParameters) error
	detachVirtualDisk func(h handle, flags uint32) error
	// physicalPath is GetVirtualDiskPhysicalPath: "\\.\PhysicalDrive3".
	physicalPath func(h handle) (string, error)

	// findFirstVolume and findNextVolume return names such as "\\?\Volume{GUID}\".
	findFirstVolume func() (h handle, volume string, err error)
	findNextVolume  func(h handle) (volume string, err error)
	findVolumeClose func(h handle) error

	// createFile opens what exists.
	createFile       func(path string, access, share uint32) (handle, error)
	deviceIoControl  func(h handle, code uint32, out []byte) (n int, err error)
	flushFileBuffers func(h handle) error
	closeHandle      func(h handle) error
	// moveFile is MoveFileEx without MOVEFILE_REPLACE_EXISTING.
	moveFile func(from, to string) error

	// openTree opens a Windows directory, and utf16 makes a string for a structure.
	openTree func(windowsPath string) (*localdir.Session, error)
	utf16    func(s string) (*uint16, error)
	// sleep waits for a while, or returns the context's error.
	sleep func(ctx context.Context, d time.Duration) error
}
