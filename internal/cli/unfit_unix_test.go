//go:build unix

package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

func TestUnfitImages(t *testing.T) {
	t.Parallel()
	for name, c := range sampletest.UnfitImages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := sampletest.Image(t, sample.Image{})
			_, blob := sampletest.Blob(t)
			c.Spoil(t, image)
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
				if code == 0 || !strings.Contains(out+stderr, c.Want) {
					t.Errorf("%q: exit %d, want %q in\n%s%s", args, code, c.Want, out, stderr)
				}
			}
		})
	}
}

// TestOthersOnTheBuildHostAreToldOf: without a word about it, an image that others can get at takes the join, with one warning
// that has the cure.
func TestOthersOnTheBuildHostAreToldOf(t *testing.T) {
	t.Parallel()
	exposed := sampletest.UnfitImages()["exposed"]
	for name, command := range map[string]func(image, blob, join string) []string{
		"stage": func(image, blob, _ string) []string {
			return []string{"stage", "--windows-path", image, "--blob-file", blob}
		},
		"apply": func(_, _, join string) []string { return []string{"apply", join, "--yes"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := sampletest.Image(t, sample.Image{})
			_, blob := sampletest.Blob(t)
			exposed.Spoil(t, image)
			join := filepath.Join(t.TempDir(), "one.join.hcl")
			must(t, os.WriteFile(join, fmt.Appendf(nil, "join \"a\" {\n  windows_path = %q\n  blob_file = %q\n}\n", image, blob), 0o600))
			code, out, stderr := withArguments(t, command(image, blob, join))
			if shown := out + stderr; code != 0 || strings.Count(shown, exposed.Want) != 1 || !strings.Contains(shown, exposed.Cure) {
				t.Errorf("exit %d, want %q and %q once in\n%s", code, exposed.Want, exposed.Cure, shown)
			}
		})
	}
}
