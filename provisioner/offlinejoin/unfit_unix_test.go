//go:build unix

package offlinejoin

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// unfit are images that the core refuses in every front end: those that others can get at, when the user wants that refused,
// a hibernated one, and one whose SYSTEM hive is damaged far from the join.
func unfit() map[string]struct {
	spoil func(t *testing.T, windows string)
	want  string
} {
	return map[string]struct {
		spoil func(t *testing.T, windows string)
		want  string
	}{
		"exposed": {func(t *testing.T, windows string) {
			if err := os.Chmod(filepath.Join(windows, "System32", "config", "SYSTEM"), 0o666); err != nil {
				t.Fatal(err)
			}
			for dir := filepath.Join(windows, "System32", "config"); len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
		}, "others on this machine can read"},
		"hibernated": {func(t *testing.T, windows string) {
			if err := os.WriteFile(filepath.Join(filepath.Dir(windows), "hiberfil.sys"), []byte("HIBR"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "is hibernated"},
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
		}, "damaged"},
	}
}

func TestUnfitImagesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range unfit() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := sampletest.Image(t, sample.Image{})
			_, file := sampletest.Blob(t)
			c.spoil(t, image)
			before := digest(t, filepath.Dir(image))
			_, err := provision(t, map[string]any{"windows_path": image, "blob_file": file, "secret_exposure": "refuse"}, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q, got %v", c.want, err)
			}
			if digest(t, filepath.Dir(image)) != before {
				t.Error("something was written")
			}
		})
	}
}
