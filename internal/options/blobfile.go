package options

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// MaxBlobFile is the size in bytes of the largest blob file that is read. Real blobs are a few KiB.
const MaxBlobFile = 1 << 20

// ReadBlobFile reads a blob from a regular file of at most [MaxBlobFile] bytes. The caller owns the bytes and wipes
// them. The warning is one sentence, and empty when the file's mode is right; it is for whoever can protect the file.
// Errors carry 2 (no such file), 5 (no right to read it) or 87 (not a regular file, empty, too large).
func ReadBlobFile(path string) (blob []byte, warning string, err error) {
	// openFlags keeps open(2) of a named pipe from waiting for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, "", cannotRead(path, err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, "", cannotRead(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, "", winerr.Errorf(winerr.InvalidParameter,
			"%s is not a regular file: name the file that holds the blob", path)
	}
	blob, err = readBounded(f, path)
	if err != nil {
		return nil, "", err
	}
	return blob, modeWarning(path, info.Mode()), nil
}

// readBounded reads into one buffer, so that no copy of the secret stays behind in a smaller one.
func readBounded(r io.Reader, path string) ([]byte, error) {
	buffer := make([]byte, MaxBlobFile+1)
	n, err := io.ReadFull(r, buffer)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		clear(buffer)
		return nil, cannotRead(path, err)
	}
	switch n {
	case 0:
		return nil, winerr.Errorf(winerr.InvalidParameter,
			"%s is empty: make the blob again with djoin or Samba", path)
	case len(buffer):
		clear(buffer)
		return nil, winerr.Errorf(winerr.InvalidParameter,
			"%s is larger than 1 MiB, so it is no blob: name the file that djoin or Samba wrote", path)
	}
	return buffer[:n], nil
}

func cannotRead(path string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // the sentence names the path already
	}
	code, sentence := winerr.InvalidParameter, "the blob file "+path+" cannot be read: "+err.Error()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code, sentence = winerr.FileNotFound, "the blob file "+path+" does not exist: check the path"
	case errors.Is(err, fs.ErrPermission):
		code, sentence = winerr.AccessDenied,
			"the blob file "+path+" cannot be read: run as its owner, or give this user the right to read it"
	}
	return &winerr.Error{Code: code, Message: sentence, Err: err}
}

func modeWarning(path string, mode fs.FileMode) string {
	if !modeTellsReaders || mode.Perm()&0o044 == 0 {
		return ""
	}
	return fmt.Sprintf("%s can be read by others (mode %04o): a blob is a machine password; chmod 600",
		path, mode.Perm())
}
