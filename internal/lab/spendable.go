package lab

import (
	"context"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
)

// Spendable is a Windows that may be spent: what the steps of -throwaway ask of it beside [Machine]. They write a staged join into
// its registry and put the completion program into its System32, run that as SYSTEM, and join it to a domain that does not exist.
type Spendable interface {
	Machine
	// MaySpend returns why none of it can be done here or by this caller; nil: it can.
	MaySpend() error
	// Registry is HKLM\SYSTEM.
	Registry() boot.Registry
	// MakeKey makes a key below HKLM\SYSTEM with a security descriptor, RemoveKey removes one with all below it. To remove an
	// absent one is no error.
	MakeKey(key string, security []byte) error
	RemoveKey(key string) error
	// SaveSystem saves the SYSTEM hive as it lies in its file, free cells too.
	SaveSystem(path string) error
	// PutProgram makes System32\odjboot.exe, and RemoveProgram removes it; an absent one is no error.
	PutProgram(exe []byte) error
	RemoveProgram() error
	HasProgram() (bool, error)
	ProgramSecurity() ([]byte, error)
	// RunAsSystem runs that program as SYSTEM, and returns its exit code.
	RunAsSystem(ctx context.Context) (code uint32, err error)
	// SetWorkstation starts the Workstation service, or stops it with all that needs it.
	SetWorkstation(ctx context.Context, on bool) error
	// Log returns debug\offlinejoin.log, and Events the events of our source in the Application log, the oldest first.
	Log() ([]byte, error)
	Events(ctx context.Context) ([]uint32, error)
	// AwaitRestart waits for a restart that was asked for. It returns when none has come.
	AwaitRestart(ctx context.Context)
	// Started returns when this Windows was started.
	Started() (time.Time, error)
	// Domain returns the name of the domain that this Windows says it is a member of, and its own; "" for no member.
	Domain() (domain, machine string, err error)
	// JoinOnline joins this Windows by a blob as `offlinejoin stage --online` does, and says the code of Windows' function.
	JoinOnline(ctx context.Context, blob []byte) (code uint32, err error)
}
