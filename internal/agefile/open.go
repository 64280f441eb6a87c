package agefile

import (
	"bytes"
	"errors"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// maxStanzas is how many recipients a file may have: each costs an elliptic curve operation for every identity.
const maxStanzas = 256

// armorOverhead and sealedOverhead say how much larger than its content an encrypted file may be: base64 in lines, and
// a header with as many recipients as are looked at (the largest, hybrid ones, have 1.6 KiB).
const (
	armorOverhead  = 3       // halves
	sealedOverhead = 1 << 19 // bytes
)

// MaxSize returns the size in bytes of the largest file that can hold limit bytes.
func MaxSize(limit int) int { return (limit + sealedOverhead) * armorOverhead / 2 }

// Is reports whether data is an age-encrypted file: by its first line, binary or armored (after blanks and a byte order
// mark, which editors add).
func Is(data []byte) bool { return isBinary(data) || isArmored(data) }

func isBinary(data []byte) bool { return bytes.HasPrefix(data, []byte("age-encryption.org/")) }

func isArmored(data []byte) bool {
	return bytes.HasPrefix(armored(data), []byte(armor.Header))
}

// armored drops what may stand before an armored file.
func armored(data []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(data, []byte{0xEF, 0xBB, 0xBF}), " \t\r\n")
}

// Errors that [Open] and [Probe] wrap.
var (
	errPassphrase = errors.New("passphrase")
	errTooMany    = errors.New("too many recipients")
)

// Open decrypts the file that messages call name, in memory. The caller wipes the result, which has at most limit
// bytes; package age keeps the last 64 KiB of it in a buffer that nobody can wipe. Errors carry 5 (no identity opens
// it), 50 (it wants a passphrase) or 87 (damaged, too large).
func Open(data []byte, name string, keys *Identities, limit int) ([]byte, error) {
	plain, err := age.Decrypt(reader(data), keys)
	if err != nil {
		return nil, cannotOpen(err, name, keys)
	}
	content, err := readAll(plain, min(limit+1, len(data)))
	if err != nil {
		return nil, damaged(name)
	}
	if len(content) > limit {
		clear(content)
		return nil, winerr.Errorf(winerr.InvalidParameter, "%s holds more than %d bytes, so it is no blob: encrypt the "+
			"file that djoin or Samba wrote", name, limit)
	}
	return content, nil
}

// Probe returns the error that [Open] would return with any identity, and nil when it depends on the identity.
func Probe(data []byte, name string) error {
	_, err := age.Decrypt(reader(data), &Identities{})
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return nil
	}
	return cannotOpen(err, name, &Identities{})
}

func reader(data []byte) io.Reader {
	if isBinary(data) {
		return bytes.NewReader(data)
	}
	return armor.NewReader(bytes.NewReader(armored(data)))
}

// readAll reads up to limit bytes into one buffer, so that no copy of the secret stays behind in a smaller one. It is
// not io.ReadFull, which cannot tell a cut off file from the end.
func readAll(r io.Reader, limit int) ([]byte, error) {
	buffer := make([]byte, limit)
	n := 0
	for n < limit {
		m, err := r.Read(buffer[n:])
		n += m
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			clear(buffer)
			return nil, err
		}
	}
	return buffer[:n], nil
}

func cannotOpen(err error, name string, keys *Identities) error {
	switch {
	case errors.Is(err, errPassphrase):
		return winerr.Errorf(winerr.NotSupported, "%s is encrypted with a passphrase, which nobody can be asked for here: "+
			"encrypt the blob to a recipient (offlinejoin blob encrypt --recipient age1…)", name)
	case errors.Is(err, errTooMany):
		return winerr.Errorf(winerr.InvalidParameter, "%s is encrypted to more than %d recipients: encrypt the blob to "+
			"those who need it", name, maxStanzas)
	case errors.Is(err, age.ErrIncorrectIdentity):
		return winerr.Errorf(winerr.AccessDenied, "%s: use the identity that it was encrypted to, or encrypt the blob "+
			"again to the recipient of this one", keys.failure(name))
	}
	return damaged(name)
}

func damaged(name string) error {
	return winerr.Errorf(winerr.InvalidParameter, "%s is encrypted with age, but damaged or cut off: copy it again, or "+
		"encrypt the blob again", name)
}
