//go:build unix

package cli_test

import (
	"bytes"
	"fmt"
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

func TestUnfitImages(t *testing.T) {
	t.Parallel()
	for name, c := range unfit() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := sampletest.Image(t, sample.Image{})
			_, blob := sampletest.Blob(t)
			c.spoil(t, image)
			join := filepath.Join(t.TempDir(), "one.join.hcl")
			must(t, os.WriteFile(join, fmt.Appendf(nil, "join \"a\" {\n  windows_path = %q\n  blob_file = %q\n"+
				"  secret_exposure = \"refuse\"\n}\n", image, blob), 0o600))
			for _, args := range [][]string{
				{"stage", "--windows-path", image, "--blob-file", blob, "--secret-exposure", "refuse"},
				{"stage", "--dry-run", "--windows-path", image, "--blob-file", blob, "--secret-exposure", "refuse"},
				{"plan", join},
				{"apply", join, "--yes"},
			} {
				code, out, stderr := withArguments(t, args)
				if code == 0 || !strings.Contains(out+stderr, c.want) {
					t.Errorf("%q: exit %d, want %q in\n%s%s", args, code, c.want, out, stderr)
				}
			}
		})
	}
}
