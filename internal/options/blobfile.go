package options

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/agefile"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// MaxBlobFile is the size in bytes of the largest blob that is read, encrypted or not. Real blobs are a few KiB.
const MaxBlobFile = 1 << 20

// ReadBlobFile reads a blob from a regular file of at most [MaxBlobFile] bytes, and opens it when it is encrypted with
// age. For that identityFile names the identity file; "" means the one in $OFFLINEJOIN_IDENTITY_FILE. A plain file
// needs none, and then none is looked at. The caller owns the bytes and wipes them. The warning is one sentence, and
// empty when the modes of what was read are right; it is for whoever can protect the file. An encrypted file may be
// read by anybody.
//
// Errors carry 2 (no such file), 5 (no right to read it, or the identity does not open it), 50 (it needs a passphrase)
// or 87 (not a regular file, empty, too large, damaged, no identity); [IsMissing] tells those that time may cure.
func ReadBlobFile(path, identityFile string) (blob []byte, warning string, err error) {
	f, info, err := openRegular(path, BlobFile)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	name := plaintext.Line(path, 0)
	content, err := readBlob(f, name, info.Size())
	if err != nil {
		return nil, "", err
	}
	if agefile.Is(content) {
		return decrypt(content, name, identityFile)
	}
	return content, readersWarning(f, name, "a blob is a machine password"), nil
}

// OpenBlobFile reads a blob as [ReadBlobFile] does, and parses it; messages call it by its path.
func OpenBlobFile(path, identityFile string) (blob *offlinejoin.Blob, warning string, err error) {
	content, warning, err := ReadBlobFile(path, identityFile)
	if err != nil {
		return nil, "", err
	}
	blob, err = offlinejoin.ReadBlob(content, path)
	return blob, warning, err
}

// ReadBlob is [ReadBlobFile] for what is no file, such as standard input; messages call it name.
func ReadBlob(r io.Reader, name, identityFile string) (blob []byte, warning string, err error) {
	content, err := readBlob(r, name, MaxBlobFile)
	if err != nil || !agefile.Is(content) {
		return content, "", err
	}
	return decrypt(content, name, identityFile)
}

// ReadSealedBlobFile is [ReadBlobFile] for a file that must be encrypted (else 87).
func ReadSealedBlobFile(path, identityFile string) (blob []byte, warning string, err error) {
	f, _, err := openRegular(path, BlobFile)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	return ReadSealedBlob(f, plaintext.Line(path, 0), identityFile)
}

// ReadSealedBlob is [ReadBlob] for what must be encrypted (else 87).
func ReadSealedBlob(r io.Reader, name, identityFile string) (blob []byte, warning string, err error) {
	content, err := readBlob(r, name, MaxBlobFile)
	if err != nil {
		return nil, "", err
	}
	if !agefile.Is(content) {
		clear(content)
		return nil, "", winerr.Errorf(winerr.InvalidParameter, "%s is not encrypted with age: it can be used as it is", name)
	}
	return decrypt(content, name, identityFile)
}

// readBlob reads a blob as it is stored, in one buffer, so that no copy of the secret stays behind in a smaller one.
// Only what is encrypted gets a second one, for its header and armour. size is how large it seems to be, in bytes.
func readBlob(r io.Reader, name string, size int64) ([]byte, error) {
	content, err := readBounded(r, MaxBlobFile, size)
	if err == nil && len(content) > MaxBlobFile && agefile.Is(content) {
		var rest []byte
		rest, err = readBounded(r, agefile.MaxSize(MaxBlobFile)-len(content), MaxBlobFile)
		content = append(content, rest...)
	}
	limit := MaxBlobFile
	if agefile.Is(content) {
		limit = agefile.MaxSize(MaxBlobFile)
	}
	switch {
	case err != nil:
		clear(content)
		return nil, winerr.Errorf(winerr.InvalidParameter, "%s cannot be read: %w", name, err)
	case len(content) == 0:
		return nil, winerr.Errorf(winerr.InvalidParameter, "%s is empty: make the blob again with djoin or Samba", name)
	case len(content) > limit:
		clear(content)
		return nil, winerr.Errorf(winerr.InvalidParameter,
			"%s is larger than 1 MiB, so it is no blob: name the file that djoin or Samba wrote", name)
	}
	return content, nil
}

// readBounded reads all of r, and of what is longer than limit one byte more. Its buffer is for size bytes, so that a
// blob of a few KiB does not cost a buffer of the limit; what turns out to be longer moves to one of the limit, and
// nothing stays in the first.
func readBounded(r io.Reader, limit int, size int64) ([]byte, error) {
	buffer := make([]byte, min(max(size, 0), int64(limit))+1)
	n, err := io.ReadFull(r, buffer)
	if err == nil && n <= limit {
		small := buffer
		buffer = make([]byte, limit+1)
		copy(buffer, small)
		clear(small)
		var more int
		more, err = io.ReadFull(r, buffer[n:])
		n += more
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return buffer[:n], err
}

// openRegular opens the file of an option whose name ends in _file: blob, identity or recipients.
func openRegular(path string, option Name) (*os.File, fs.FileInfo, error) {
	if err := NotContent(option, path); err != nil {
		return nil, nil, err
	}
	what := strings.TrimSuffix(option.String(), "_file")
	// openFlags keeps open(2) of a named pipe from waiting for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, nil, cannotRead(path, what, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = winerr.Errorf(winerr.InvalidParameter, "%s is not a regular file: name the file that holds the %s",
			plaintext.Line(path, 0), what)
	} else if err != nil {
		err = cannotRead(path, what, err)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func cannotRead(path, what string, err error) error {
	if pathErr, is := errors.AsType[*fs.PathError](err); is {
		err = pathErr.Err // the sentence names the path already
	}
	file := "the " + what + " file " + plaintext.Line(path, 0)
	code, sentence := winerr.InvalidParameter, file+" cannot be read: "+err.Error()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code, sentence = winerr.FileNotFound, file+" does not exist: check the path"
	case errors.Is(err, fs.ErrPermission):
		code, sentence = winerr.AccessDenied, file+" cannot be read: run as its owner, or give this user the right to read it"
	}
	return &winerr.Error{Code: code, Message: sentence, Err: err}
}
