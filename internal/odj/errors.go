package odj

import (
	"errors"
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// again is what the user can do about a bad blob.
const again = "make the blob again with djoin /provision"

func unsupported(format string, args ...any) error {
	return ndr.Unsupported(fmt.Sprintf(format, args...))
}

// fieldError tells of a field that can be read but makes no sense in a join.
type fieldError struct{ path, what string }

func (e *fieldError) Error() string { return e.what + " (" + e.path + ")" }

// refused turns an error of the reader into the sentence for the user.
func refused(err error) error {
	if _, is := errors.AsType[ndr.Unsupported](err); is {
		return winerr.Errorf(winerr.ProvisioningBlobUnsupported,
			"this blob is not supported: %w; %s, or use a newer offlinejoin", err, again)
	}
	return winerr.Errorf(winerr.InvalidParameter, "the blob is damaged: %w; %s", err, again)
}

// noBlob says that the input is something else.
func noBlob(format string, args ...any) error {
	return winerr.Errorf(winerr.InvalidParameter, "this is no provisioning blob: %s", fmt.Sprintf(format, args...))
}

// lacking says of a field that it can be read, but that the blob does not make a join.
func lacking(path, format string, args ...any) error {
	return winerr.Errorf(winerr.InvalidParameter, "%w; %s", &fieldError{path, fmt.Sprintf(format, args...)}, again)
}
