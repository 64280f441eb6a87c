package offlinejoin

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestValidateSeesPathsInTheImagesWay: what is written may be neither the image nor in it, which takes no image to see.
func TestValidateSeesPathsInTheImagesWay(t *testing.T) {
	t.Parallel()
	_, file := sampletest.Blob(t)
	tree, disk := t.TempDir(), filepath.Join(t.TempDir(), "golden.qcow2")
	for _, c := range []struct {
		place, path, option, value, want string
	}{
		{"windows_path", tree, "backup", filepath.Join(tree, "b"), "is in the image"},
		{"windows_path", tree, "ledger_file", filepath.Join(tree, "l"), "is in the image"},
		{"windows_path", tree, "report_file", tree + "2", ""},
		{"image_path", disk, "report_file", disk, "report_file and image_path are the same path"},
		{"image_path", disk, "report_file", file, "report_file and blob_file are the same path"},
		{"image_path", disk, "report_file", disk + ".json", ""},
	} {
		config := map[string]any{"blob_file": file, c.place: c.path, c.option: c.value}
		for kind, err := range map[string]error{
			"provisioner": new(Provisioner).Prepare(config), "post-processor": new(PostProcessor).Configure(config),
		} {
			if c.want == "" && err != nil || c.want != "" && (err == nil || strings.Count(err.Error(), c.want) != 1) {
				t.Errorf("%s, %s = %s: error %v, want %q", kind, c.option, c.value, err, c.want)
			}
		}
		if c.place == "windows_path" { // the guest's is no path of this machine
			config["remote"] = true
			if err := new(Provisioner).Prepare(config); err != nil {
				t.Errorf("remote, %s = %s: %v", c.option, c.value, err)
			}
		}
	}
}

// TestAFileOfSomebodysIsNeverOverwritten names files of others where the plugin writes.
func TestAFileOfSomebodysIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	dir := t.TempDir()
	key, link := filepath.Join(dir, "key.txt"), filepath.Join(dir, "another name of the blob")
	if err := os.WriteFile(key, []byte("AGE-SECRET-KEY-1QQPQY"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(file, link); err != nil {
		t.Fatal(err)
	}
	blob, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{link: "are the same path", key: "", filepath.Join(image, "f"): "is in the image"} {
		for _, option := range []string{"ledger_file", "report_file"} {
			config := map[string]any{"windows_path": image, "blob_file": file, option: "{{ .Later }}"}
			_, err := provision(t, config, map[string]any{"Later": path})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s = %s: error %v, want %q", option, path, err, want)
			}
			config[option] = path
			if err := new(Provisioner).Prepare(config); path == link && err == nil {
				t.Errorf("%s = %s: no mistake", option, path)
			}
		}
	}
	for path, want := range map[string][]byte{file: blob, key: []byte("AGE-SECRET-KEY-1QQPQY")} {
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, want) {
			t.Errorf("%s was changed: %v", path, err)
		}
	}
	if got := statusOf(t, image); got.State != core.StateAbsent {
		t.Errorf("the image is %s", got.State)
	}
}
