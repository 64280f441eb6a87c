package lab

import (
	"errors"

	"github.com/offlinejoin/offlinejoin/internal/claims"
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

// lacking is the reason why a step cannot run here.
type lacking struct{ reason string }

func (l lacking) Error() string { return l.reason }

// Lacking returns the error of a [Machine] that has no such thing, or gives it to others only: the step is skipped for the reason.
func Lacking(reason string) error { return lacking{reason} }

func isLacking(err error) (reason string, is bool) {
	l, is := errors.AsType[lacking](err)
	return l.reason, is
}
