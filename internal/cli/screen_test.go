package cli_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestAPlanOfThirtyImagesFitsAScreen: each image has a line, a warning that all have has one line with their number, and what
// failed stands at the end. --details shows every change.
func TestAPlanOfThirtyImagesFitsAScreen(t *testing.T) {
	t.Parallel()
	const images, failing = 30, 2
	dir, golden := t.TempDir(), sampletest.Image(t, sample.Image{})
	sampletest.Edit(t, golden, "SYSTEM", func(h *regf.Hive) error { // what every image is warned about
		key, err := h.Key(completion.SetupKey)
		if err != nil {
			return err
		}
		return errors.Join(key.SetValue(completion.ValueSetupType, regf.DWORD, regf.DWORDData(2)),
			key.SetValue(completion.ValueCmdLine, regf.SZ, regf.TextData("later.exe")))
	})
	for i := range images {
		name := fmt.Sprintf("web%02d", i+1)
		must(t, os.MkdirAll(filepath.Join(dir, "images", name), 0o700))
		must(t, os.CopyFS(filepath.Join(dir, "images", name), os.DirFS(filepath.Dir(golden))))
		blob, err := sample.BlobFor(strings.ToUpper(name), uint32(2000+i))
		must(t, err)
		if i < images-failing {
			must(t, os.WriteFile(filepath.Join(dir, name+".djoin"), blob.DjoinFile(), 0o600))
		}
	}
	file := filepath.Join(dir, "fleet.join.hcl")
	must(t, os.WriteFile(file, []byte(`join "web" {
  count        = 30
  windows_path = format("images/web%02d/Windows", count.index + 1)
  blob_file    = format("web%02d.djoin", count.index + 1)
}
`), 0o600))
	code, out, stderr := withArguments(t, []string{"plan", file})
	if code != 1 {
		t.Fatalf("exit code %d\n%s%s", code, out, stderr)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if n := strings.Count(out, "to stage "); n != images-failing {
		t.Errorf("%d images are to be staged", n)
	}
	const around = 12 // the heading, blank lines, the warning, two failures of two lines, the sum
	if len(lines) > images+around {
		t.Errorf("the plan has %d lines:\n%s", len(lines), out)
	}
	if n := strings.Count(out, "runs another command at its next boot"); n != 1 || !strings.Contains(out, fmt.Sprintf("and %d more: ", images-failing-1)) {
		t.Errorf("the warning of all images is told %d times:\n%s", n, out)
	}
	end := strings.Join(lines[len(lines)-8:], "\n")
	for _, want := range []string{"web[28]", "web[29]", "web30.djoin does not exist", "28 to stage, 2 failed"} {
		if !strings.Contains(end, want) {
			t.Errorf("the end does not say %q:\n%s", want, end)
		}
	}
	if _, detailed, _ := withArguments(t, []string{"plan", file, "--details"}); strings.Count(detailed, "ProvisioningBlob") != images-failing {
		t.Errorf("--details shows %d of the changes", strings.Count(detailed, "ProvisioningBlob"))
	}
}
