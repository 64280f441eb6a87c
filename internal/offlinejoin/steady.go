package offlinejoin

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Who only reads an image takes no lock, so that somebody may change it in the meantime, such as another resource of the same
// run of Terraform. What was read then is a mixture: it may look damaged, or like a join that is not whole. Every commit of a
// hive changes the sequence numbers in its header at its beginning and its end, so a header that is another one afterwards
// tells a mixture, and the image is read again.

const (
	headerSize  = 512 // bytes of a hive's base block that hold its sequence numbers and its checksum
	steadyTries = 30  // how often an image is read that others keep changing; lockPoll lies between
)

// errUnsteady is part of the errors about an image that was changed while it was read.
var errUnsteady = errors.New("try again")

func unsteady(session imagefs.Session) error {
	return winerr.Errorf(winerr.Busy, "%s was changed while it was read: %w", session, errUnsteady)
}

// systemHeader returns the header of the SYSTEM hive's file as it is now, and nil when it cannot be read.
func systemHeader(session imagefs.Session) []byte {
	file, err := session.Open(path.Join(session.Windows(), hiveFolder, "SYSTEM"))
	if err != nil {
		return nil
	}
	defer file.Close() // only read
	header := make([]byte, headerSize)
	if n, err := file.ReadAt(header, 0); n < headerSize && !errors.Is(err, io.EOF) {
		return nil
	}
	return header
}

// checkSteady returns an error when the image was changed by others since it was opened for reading.
func (im *openImage) checkSteady() error {
	if im == nil || im.closed || im.header == nil || bytes.Equal(systemHeader(im.session), im.header) {
		return nil
	}
	return unsteady(im.session)
}

// steady reads an image until nobody changes it meanwhile, for a bounded time.
func steady[T any](ctx context.Context, read func() (T, error)) (T, error) {
	for try := 1; ; try++ {
		found, err := read()
		if !errors.Is(err, errUnsteady) || try == steadyTries {
			return found, err
		}
		select {
		case <-ctx.Done():
			return found, err
		case <-time.After(lockPoll):
		}
	}
}
