package odj

import (
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Password is SECRET data: a machine account's password as UTF-16 units. It prints, logs and marshals as "(secret)",
// except where fmt calls no methods: in an unexported field, or for the verbs %p and %w, which go vet finds.
type Password []uint16

// passwordLength is what Windows and Samba choose for machine accounts (observed).
const passwordLength = 120

// RandomPassword returns SECRET data: a new machine password of 120 printable ASCII characters (786 bits), chosen with
// the random bytes of r; nil means the system's generator.
func RandomPassword(r io.Reader) ([]uint16, error) {
	if r == nil {
		r = rand.Reader
	}
	const first, count = '!', '~' - '!' + 1
	// Bytes from the last, incomplete round of count would make some characters likelier.
	const fair = 256 / count * count

	var buf [64]byte
	defer clear(buf[:])
	password := make([]uint16, 0, passwordLength)
	for len(password) < passwordLength {
		if _, err := io.ReadFull(r, buf[:]); err != nil {
			clear(password)
			return nil, fmt.Errorf("no random bytes for a machine password: %w", err)
		}
		for _, b := range buf {
			if b < fair && len(password) < passwordLength {
				password = append(password, uint16(first+b%count))
			}
		}
	}
	return password, nil
}

// defaultLength is where Windows cuts the well-known password of an account that was made beforehand (documented, MachinePassword).
const defaultLength = 14

// isDefault tells whether password is what a machine gets when nobody chooses one: its name in lower case (documented),
// or as it was given (Samba). It makes no copy of the password.
func isDefault(password []uint16, machineName string) bool {
	name := utf16.Encode([]rune(strings.ToLower(machineName)))
	return isText(password, name) || len(name) > defaultLength && isText(password, name[:defaultLength])
}

// isText compares password with text in lower case, letter case aside.
func isText(password, text []uint16) bool {
	return slices.EqualFunc(password, text, func(a, b uint16) bool { return unicode.ToLower(rune(a)) == rune(b) })
}
