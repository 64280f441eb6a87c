//go:build unix

package testenv

import (
	"os"
	"testing"
)

// LetOthersRead lets everybody on this machine read a file.
func LetOthersRead(t testing.TB, path string) {
	t.Helper()
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
}
