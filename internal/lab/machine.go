package lab

import (
	"context"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// Machine is what the steps ask of a Windows.
type Machine interface {
	// System says which Windows it is.
	System() claims.System
	// LoadApp loads a hive for this process alone (RegLoadAppKey, no rights needed) and returns its root. Closing the root
	// unloads the hive.
	LoadApp(path string) (Key, error)
	// LoadMachine loads a hive below HKEY_LOCAL_MACHINE (RegLoadKey, administrators only) and returns its root. Closing the
	// root unloads the hive.
	LoadMachine(path string) (Key, error)
	// RequestOfflineJoin hands a blob to NetRequestOfflineDomainJoin for a Windows that is not running, and returns its code.
	RequestOfflineJoin(blob []byte, windowsDir string) (code uint32, err error)
	// MayAttach returns why AttachVolume would refuse this machine or this caller, whatever the disk; nil: it would not.
	MayAttach() error
	// AttachVolume attaches a disk image file read-only (AttachVirtualDisk, administrators only) and opens the volume in it
	// that has a Windows. Closing it detaches the disk.
	AttachVolume(ctx context.Context, path string) (Volume, error)
}

// Volume is a volume that is attached, with its files as Windows shows them.
type Volume interface {
	imagefs.Volume
	// Dirty reports whether Windows takes it for one that has to be checked.
	Dirty() bool
	// Check returns the exit code of chkdsk, which only reads: 0 is that nothing was found (documented).
	Check(ctx context.Context) (code int, err error)
	Close() error
}

// Key is a key of a loaded hive.
type Key interface {
	Subkeys() ([]string, error)
	Sub(name string) (Key, error)
	Values() ([]Value, error)
	// Security returns owner, group and access list as a self-relative descriptor.
	Security() ([]byte, error)
	// Create makes a subkey, and Set a value of type REG_BINARY.
	Create(name string) (Key, error)
	Set(name string, data []byte) error
	// Flush writes the hive to its file.
	Flush() error
	Close() error
}

// Value is a value as Windows returns it.
type Value struct {
	Name string
	Type uint32
	Data []byte
}

// Lacking returns the error of a [Machine] that has no such thing, or gives it to others only: the step is skipped for the reason.
func Lacking(reason string) error { return claims.Lacking(reason) }
