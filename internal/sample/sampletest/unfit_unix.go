//go:build unix

package sampletest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Unfit is an image that the core refuses in every front end.
type Unfit struct {
	// Spoil makes a sample image unfit; windows is its Windows directory.
	Spoil func(t *testing.T, windows string)
	// Want is in the refusal.
	Want string
	// Cure is in it, too, and in the warning where it is not refused.
	Cure string
}

// UnfitImages returns those that others can get at, when the user wants that refused, a hibernated one, and one whose
// SYSTEM hive is damaged far from the join.
func UnfitImages() map[string]Unfit {
	return map[string]Unfit{
		"exposed": {func(t *testing.T, windows string) {
			if err := os.Chmod(filepath.Join(windows, "System32", "config", "SYSTEM"), 0o666); err != nil {
				t.Fatal(err)
			}
			for dir := filepath.Join(windows, "System32", "config"); len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
		}, "others on this machine can read", "umask=077"},
		"hibernated": {func(t *testing.T, windows string) {
			if err := os.WriteFile(filepath.Join(filepath.Dir(windows), "hiberfil.sys"), []byte("HIBR"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "is hibernated", "shutdown /s /full"},
		"damaged elsewhere": {func(t *testing.T, windows string) {
			system := filepath.Join(windows, "System32", "config", "SYSTEM")
			content, err := os.ReadFile(system)
			if err != nil {
				t.Fatal(err)
			}
			at := bytes.LastIndex(content, []byte("nk"))
			copy(content[at:], "XX")
			if err := os.WriteFile(system, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "damaged", "restore"},
	}
}
