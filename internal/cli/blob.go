package cli

import (
	"fmt"
	"io"

	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// standardInput is the file name that means it.
const standardInput = "-"

// readBlob reads a blob and says what messages call it. The caller wipes the blob.
func (a *app) readBlob(file string) (blob []byte, name string, err error) {
	if file == standardInput {
		blob, err = readBounded(a.In)
		return blob, "the blob on standard input", err
	}
	blob, warning, err := options.ReadBlobFile(file)
	if warning != "" {
		a.warn(warning)
	}
	return blob, file, err
}

func readBounded(r io.Reader) ([]byte, error) {
	blob, err := io.ReadAll(io.LimitReader(r, options.MaxBlobFile+1))
	switch {
	case err != nil:
		clear(blob)
		return nil, fmt.Errorf("the blob cannot be read from standard input: %w", err)
	case len(blob) > options.MaxBlobFile:
		clear(blob)
		return nil, winerr.Errorf(winerr.InvalidParameter,
			"standard input is larger than 1 MiB, so it is no blob: give the file that djoin or Samba wrote")
	case len(blob) == 0:
		return nil, winerr.Errorf(winerr.InvalidParameter,
			"standard input is empty: give the file that djoin or Samba wrote")
	}
	return blob, nil
}

// warn tells people one sentence that does not stop the work.
func (a *app) warn(sentence string) { fmt.Fprintf(a.Err, "warning: %s\n", sentence) }
