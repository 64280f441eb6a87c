package regf

import (
	"errors"
	"fmt"
)

// Errors that callers test for with errors.Is.
var (
	// ErrNotFound: there is no such key or value.
	ErrNotFound = errors.New("not found")
	// ErrNotHive: the file does not begin as a registry hive, or is of an unknown version or kind.
	ErrNotHive = errors.New("not a registry hive that this engine knows")
	// ErrCorrupt: the structure of the hive is damaged. Every [CorruptError] matches it.
	ErrCorrupt = errors.New("the hive is damaged")
	// ErrUnrecoverable: the hive was not closed cleanly and its logs do not complete it.
	ErrUnrecoverable = errors.New("the hive was not closed cleanly and its logs do not complete it")
	// ErrNoLog: a commit needs a transaction log and there is none.
	ErrNoLog = errors.New("the hive has no transaction log")
	// ErrInvalid: a name, value or security descriptor breaks a limit of the format.
	ErrInvalid = errors.New("not valid in a registry hive")
)

// CorruptError tells where a hive is damaged.
type CorruptError struct {
	Offset uint32 // relative to the hive bins data
	Reason string
}

// Error implements error.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("the hive is damaged at offset 0x%x: %s", e.Offset, e.Reason)
}

// Is makes every CorruptError match ErrCorrupt.
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

func corrupt(off uint32, format string, args ...any) error {
	return &CorruptError{Offset: off, Reason: fmt.Sprintf(format, args...)}
}
