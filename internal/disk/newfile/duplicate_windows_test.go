package newfile

import (
	"os"
	"testing"
)

// duplicate is not needed: all files have a name here.
func duplicate(t *testing.T, _ *os.File) *os.File {
	t.Helper()
	t.Skip("skipped: files without a name are not made here")
	return nil
}
