//go:build unix

package privatefile

import (
	"fmt"
	"os"
)

// Create makes a new file, open for reading and writing. What is there already is an error that matches fs.ErrExist.
func Create(path string) (*os.File, error) {
	const onlyOwner = 0o600
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, onlyOwner)
}

// Readers returns who else can read an open file, such as "mode 0644", and "" when nobody can.
func Readers(f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil || info.Mode().Perm()&0o044 == 0 {
		return "", err
	}
	return fmt.Sprintf("mode %04o", info.Mode().Perm()), nil
}

// Cure says how a file is made private.
const Cure = "chmod 600"
