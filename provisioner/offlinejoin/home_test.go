package offlinejoin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/hashicorp/packer-plugin-sdk/pathing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// fromHome returns a path of a user's home as he writes it, and skips where the test has none that it can reach a path from.
func fromHome(t *testing.T, path string) string {
	t.Helper()
	home, err := pathing.ExpandUser("~")
	if err != nil {
		t.Skip("the user has no home:", err)
	}
	below, err := filepath.Rel(home, path)
	if err != nil {
		t.Skip("no path leads from the home to the test's folder:", err)
	}
	return "~/" + filepath.ToSlash(below)
}

// Every path of this machine may begin with the user's home, in every component, as Packer's own options may.
func TestHomeIsExpanded(t *testing.T) {
	t.Parallel()
	blob, file := sampletest.Blob(t)
	windows := sampletest.Image(t, sample.Image{})
	report := filepath.Join(t.TempDir(), "web01.json")
	config := map[string]any{
		"windows_path": fromHome(t, windows), "blob_file": fromHome(t, file), "report_file": fromHome(t, report),
	}
	if _, err := provision(t, config, nil); err != nil {
		t.Fatal(err)
	}
	if statusOf(t, windows).State != core.StateStaged {
		t.Error("the provisioner did not stage the join")
	}
	if _, err := os.Stat(report); err != nil {
		t.Error(err)
	}
	if told := execute(t, new(BlobSource), map[string]any{"blob_file": fromHome(t, file)}); told["fingerprint"] != blob.Fingerprint() {
		t.Errorf("the data source read %v", told)
	}
	if told := execute(t, new(ImageSource), map[string]any{"windows_path": fromHome(t, windows)}); told["status"] != "staged" {
		t.Errorf("the data source read %v", told)
	}
	other := sampletest.Image(t, sample.Image{})
	if _, err := postProcess(t, map[string]any{"windows_path": fromHome(t, other), "blob_file": fromHome(t, file)}, other); err != nil {
		t.Error(err)
	}
	// a path of the guest is the guest's
	remote := map[string]any{"windows_path": "~/Windows", "remote": true, "blob_file": file}
	if err := new(Provisioner).Prepare(remote); err == nil || !strings.Contains(err.Error(), "means nothing on the guest") {
		t.Errorf("a home of the guest: %v", err)
	}
	// validate compares what the paths come to
	same := map[string]any{"windows_path": windows, "blob_file": file, "report_file": fromHome(t, file)}
	if err := new(Provisioner).Prepare(same); err == nil || !strings.Contains(err.Error(), "are the same path") {
		t.Errorf("the report over the blob: %v", err)
	}
}

func TestNoUsersNameStays(t *testing.T) {
	t.Parallel()
	path := "~golden-no-such-user.qcow2"
	c := Config{}
	c.ImagePath = path
	if expandHome(c.here()); c.ImagePath != path {
		t.Errorf("image_path became %s", c.ImagePath)
	}
}

func TestBlockDevicesAreDisks(t *testing.T) {
	t.Parallel()
	devices, _ := filepath.Glob("/dev/*")
	for _, device := range devices {
		info, err := os.Stat(device)
		if err != nil || info.Mode()&(os.ModeDevice|os.ModeCharDevice) != os.ModeDevice {
			continue
		}
		windows, disk, err := imageOf(&packersdk.MockArtifact{FilesValue: []string{device}})
		if err != nil || disk != device || windows != "" {
			t.Errorf("%s: %q, %q, %v", device, windows, disk, err)
		}
		return
	}
	t.Skip("this machine has no block device")
}
