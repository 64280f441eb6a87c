package boot

import (
	"errors"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// System is what first boot needs from Windows. Errors carry their Windows code as a [winerr.Error].
type System interface {
	Source

	// ProtectProgram gives the program's own file the access rights of completion.FileSecurity.
	ProtectProgram() error

	// Join starts a process of this program that does [Call], and returns the code that it came to. It ends a process
	// that takes longer than limit, and returns [winerr.Timeout] as an error; a process that ended otherwise than by
	// returning from Call is the error [winerr.UnhandledException].
	Join(limit time.Duration) (winerr.Code, error)

	// RemoveProgram has the program's file deleted at the next start of Windows.
	RemoveProgram() error

	// Restart asks Windows to restart at once, and returns without waiting for it.
	Restart() error

	// Log keeps one line for an administrator, or loses it. The line holds no secret.
	Log(line string)

	// Event writes one of completion's events to the Application log, and registers its source before. It may hang.
	Event(id uint32, text string) error
}

// Caller is what the second process needs from Windows.
type Caller interface {
	Source

	// Request calls NetRequestOfflineDomainJoin for the running Windows and returns its code.
	Request(blob []byte) winerr.Code
}

// Source is what it takes to read the blob and to check it.
type Source interface {
	Registry
	SHA256(data []byte) (sum [32]byte, err error)
}

// Registry is HKLM\SYSTEM: keys are paths below it, as in package completion. Readers return [ErrAbsent] when the value
// or its key is not there, and so do setters when the key is not there.
type Registry interface {
	Number(key, name string) (uint32, error)    // REG_DWORD
	Text(key, name string) (string, error)      // REG_SZ
	Size(key, name string) (int, error)         // length of the data in bytes, whatever the type
	Bytes(key, name string, to []byte) error    // REG_BINARY of exactly len(to) bytes
	SetNumber(key, name string, v uint32) error // no setter creates a key
	SetText(key, name, v string) error
	SetBytes(key, name string, v []byte) error
	Raw(key, name string) (completion.RawValue, error) // any type, of at most completion.MaxHookValue bytes
	SetRaw(key, name string, v completion.RawValue) error
	Delete(key, name string) error // deleting an absent value is no error
	Flush(key string) error        // returns when the key is on the disk
}

// ErrAbsent tells that a registry value, or its key, does not exist.
var ErrAbsent = errors.New("the registry value does not exist")

// Limits bounds how long first boot may take.
type Limits struct {
	Join        time.Duration // the whole of the second process, after which the machine goes on without
	Workstation time.Duration // how long NERR_WkstaNotStarted is answered by trying again, within Join
	Restart     time.Duration // how long ERROR_NOT_READY is answered by asking again
	Event       time.Duration // how long the event log is waited for
	Poll        time.Duration // pause between two tries
}

// DefaultLimits are the limits for real machines.
func DefaultLimits() Limits {
	return Limits{
		Join: 5 * time.Minute, Workstation: time.Minute, Restart: 30 * time.Second, Event: 10 * time.Second,
		Poll: 2 * time.Second,
	}
}
