package odj

import (
	"errors"
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// again is what the user can do about a bad blob.
const again = "make the blob again with djoin /provision"

// unsupportedError marks what this version does not understand, unlike what is damaged.
type unsupportedError struct{ what string }

func (e *unsupportedError) Error() string { return e.what }

func unsupported(format string, args ...any) error {
	return &unsupportedError{fmt.Sprintf(format, args...)}
}

// refused turns an error of the reader into the sentence for the user.
func refused(err error) error {
	if _, is := errors.AsType[*unsupportedError](err); is {
		return winerr.Errorf(winerr.ProvisioningBlobUnsupported,
			"this blob is not supported: %w; %s, or use a newer offlinejoin", err, again)
	}
	return winerr.Errorf(winerr.InvalidParameter, "the blob is damaged: %w; %s", err, again)
}

// noBlob says that the input is something else.
func noBlob(format string, args ...any) error {
	return winerr.Errorf(winerr.InvalidParameter, "this is no provisioning blob: %s", fmt.Sprintf(format, args...))
}

// lacking says that the blob can be read but does not make a join.
func lacking(format string, args ...any) error {
	return winerr.Errorf(winerr.InvalidParameter, "%s; %s", fmt.Sprintf(format, args...), again)
}
