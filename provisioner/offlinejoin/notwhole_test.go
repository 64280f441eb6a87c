package offlinejoin

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestAMissingProgramIsStagedAgain: an armed hook without its program, or with another, does not join. The data source says so,
// and the same join provisioned again puts the program back.
func TestAMissingProgramIsStagedAgain(t *testing.T) {
	t.Parallel()
	for says, spoil := range map[string]func(program string) error{
		"is missing":         os.Remove,
		"is not the program": func(program string) error { return os.WriteFile(program, []byte("MZ"), 0o600) },
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			image := sampletest.Image(t, sample.Image{})
			_, file := sampletest.Blob(t)
			config := map[string]any{"windows_path": image, "blob_file": file}
			detail := func() string { return execute(t, new(ImageSource), map[string]any{"windows_path": image})["detail"] }
			if _, err := provision(t, config, nil); err != nil {
				t.Fatal(err)
			}
			program := filepath.Join(image, "System32", "odjboot.exe")
			whole, err := os.ReadFile(program)
			if err != nil {
				t.Fatal(err)
			}
			if got := detail(); got != "" {
				t.Errorf("a whole join: %s", got)
			}
			if err := spoil(program); err != nil {
				t.Fatal(err)
			}
			if got := detail(); !strings.Contains(got, says) {
				t.Errorf("the data source says %q, want %q", got, says)
			}
			shown, err := provision(t, config, nil)
			if err != nil {
				t.Error(err)
			}
			if now, err := os.ReadFile(program); err != nil || string(now) != string(whole) {
				t.Errorf("the program has %d bytes, %v, want %d\n%s", len(now), err, len(whole), shown)
			}
			if got := detail(); got != "" {
				t.Errorf("after it was provisioned again: %s", got)
			}
		})
	}
}

// TestAnUnrecoverableHive is told of by the data source, and takes no join.
func TestAnUnrecoverableHive(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	sampletest.Unrecoverable(t, image)
	const says = "was not closed cleanly and its logs do not complete it"
	if got := execute(t, new(ImageSource), map[string]any{"windows_path": image})["detail"]; !strings.Contains(got, says) {
		t.Errorf("the data source says %q", got)
	}
	before := sampletest.Digest(t, filepath.Dir(image))
	if _, err := provision(t, map[string]any{"windows_path": image, "blob_file": file}, nil); err == nil ||
		!strings.Contains(err.Error(), "2717") {
		t.Errorf("provisioned: %v", err)
	}
	if sampletest.Digest(t, filepath.Dir(image)) != before {
		t.Error("something was written")
	}
}

// TestTwoImagesAtOnePlace mounts one image after the other at one place, as a loop over disks does: the ledger keeps the blob
// from the second, and says how the use of an image is released that is no more.
func TestTwoImagesAtOnePlace(t *testing.T) {
	t.Parallel()
	image, other := sampletest.Image(t, sample.Image{}), sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	ledger := filepath.Join(t.TempDir(), "ledger")
	config := map[string]any{"windows_path": image, "blob_file": file, "ledger_file": ledger}
	if _, err := provision(t, config, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(image, image+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(other, image); err != nil {
		t.Fatal(err)
	}
	before := sampletest.Digest(t, image)
	_, err := provision(t, config, nil)
	release := regexp.MustCompile(`\(offlinejoin ledger release [0-9a-f]{16} --ledger-file ` + regexp.QuoteMeta(ledger) + ` --reason "[a-z ]+"\)`)
	if err == nil || !strings.Contains(err.Error(), "2732") || !release.MatchString(err.Error()) {
		t.Errorf("the second image: %v", err)
	}
	if sampletest.Digest(t, image) != before {
		t.Error("something was written")
	}
}
