//go:build unix

package offlinejoin_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestOthersOnTheBuildHost stages into an image with the modes of the usual ntfs-3g mount: one warning with the cure, or a
// refusal that leaves every byte as it was.
func TestOthersOnTheBuildHost(t *testing.T) {
	t.Parallel()
	for _, im := range []sample.Image{{}, {ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"}} {
		shared, err := os.MkdirTemp("", "offlinejoin-exposed-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(shared) })
		windows, err := sample.WriteTree(shared, im)
		if err != nil {
			t.Fatal(err)
		}
		opened := func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Chmod(path, 0o777)
		}
		if err := filepath.WalkDir(shared, opened); err != nil {
			t.Fatal(err)
		}
		request := func(exposure offlinejoin.SecretExposure) offlinejoin.Request {
			_, file := sampletest.Blob(t)
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			blob, err := offlinejoin.ReadBlob(content, file)
			if err != nil {
				t.Fatal(err)
			}
			return offlinejoin.Request{
				Image: offlinejoin.ImageAt(windows), Blob: blob, SecretExposure: exposure, StagedBy: "test/1",
			}
		}
		hive := filepath.Join(windows, "System32", "config", "SYSTEM")
		before, err := os.ReadFile(hive)
		if err != nil {
			t.Fatal(err)
		}
		_, err = offlinejoin.Stage(t.Context(), request(offlinejoin.ExposureRefuse))
		if code, _ := winerr.CodeOf(err); code != winerr.AccessDenied || !strings.Contains(err.Error(), "umask=077") {
			t.Errorf("refuse: error %v", err)
		}
		if now, err := os.ReadFile(hive); err != nil || !slices.Equal(now, before) {
			t.Errorf("refuse: the hive was changed (%v)", err)
		}
		planned, err := offlinejoin.Plan(t.Context(), request(""))
		if err != nil {
			t.Fatal(err)
		}
		staged, err := offlinejoin.Stage(t.Context(), request(""))
		if err != nil {
			t.Fatal(err)
		}
		for _, warnings := range [][]string{planned.Warnings, staged.Warnings} {
			if n := countOf(warnings, "others on this machine can"); n != 1 {
				t.Errorf("%d warnings of exposure in %q", n, warnings)
			}
		}
		if err := os.Chmod(shared, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := offlinejoin.Unstage(t.Context(), offlinejoin.UnstageRequest{Image: offlinejoin.ImageAt(windows)}); err != nil {
			t.Fatal(err)
		}
		private, err := offlinejoin.Stage(t.Context(), request(offlinejoin.ExposureRefuse))
		if err != nil || countOf(private.Warnings, "others on this machine can") != 0 {
			t.Errorf("below a private folder: %v, %v", private, err)
		}
	}
}
