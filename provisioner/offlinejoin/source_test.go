package offlinejoin

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/zclconf/go-cty/cty"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

func execute(t *testing.T, source packersdk.Datasource, config map[string]any) map[string]string {
	t.Helper()
	if err := source.Configure(config); err != nil {
		t.Fatal(err)
	}
	value, err := source.Execute()
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for name, v := range value.AsValueMap() {
		if v.Type() != cty.String {
			t.Errorf("%s is a %s", name, v.Type().FriendlyName())
			continue
		}
		told[name] = v.AsString()
	}
	if len(told) != len(source.OutputSpec()) {
		t.Errorf("told %d things of %d", len(told), len(source.OutputSpec()))
	}
	return told
}

func TestBlobSourceTellsWhatABlobIsFor(t *testing.T) {
	t.Parallel()
	blob, file := sampletest.Blob(t)
	for _, config := range []map[string]any{{"blob_file": file}, {"blob": blob.AccountData()}} {
		told := execute(t, new(BlobSource), config)
		for name, want := range map[string]string{
			"fingerprint": blob.Fingerprint(), "machine_name": "WEB01", "domain": "corp.example.com",
			"netbios_domain": "CORP", "domain_controller": "dc1.corp.example.com", "domain_sid": blob.DomainSID(),
		} {
			if told[name] != want {
				t.Errorf("%s is %q, want %q", name, told[name], want)
			}
		}
		var all []string
		for _, v := range told {
			all = append(all, v)
		}
		noSecret(t, strings.Join(all, "\n"), blob)
	}
}

func TestBlobSourceRefuses(t *testing.T) {
	t.Parallel()
	for want, config := range map[string]map[string]any{
		"the blob is missing: give blob_file":     {},
		"blob_file and blob are both there: keep": {"blob_file": "x", "blob": "y"},
	} {
		if err := new(BlobSource).Configure(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v", config, err)
		}
	}
	s := new(BlobSource)
	if err := s.Configure(map[string]any{"blob_file": filepath.Join(t.TempDir(), "none")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Execute(); err == nil || !strings.HasSuffix(err.Error(), "(2 ERROR_FILE_NOT_FOUND)") {
		t.Errorf("error %v", err)
	}
}

func TestImageSourceTellsWhatAnImageIs(t *testing.T) {
	t.Parallel()
	windows := sampletest.Image(t, sample.Image{})
	told := execute(t, new(ImageSource), map[string]any{"windows_path": windows})
	for name, want := range map[string]string{
		"status": "absent", "windows_product": "Windows Server 2022 Standard", "windows_build": "20348.2700",
		"architecture": "amd64", "computer_name": "WIN-7Q2K", "result": "", "fingerprint": "",
	} {
		if told[name] != want {
			t.Errorf("%s is %q, want %q", name, told[name], want)
		}
	}
	blob, file := sampletest.Blob(t)
	if _, err := provision(t, map[string]any{"windows_path": windows, "blob_file": file}, nil); err != nil {
		t.Fatal(err)
	}
	told = execute(t, new(ImageSource), map[string]any{"windows_path": windows})
	if told["status"] != "staged" || told["fingerprint"] != blob.Fingerprint() || told["method_used"] != "registry" {
		t.Errorf("told %v", told)
	}
	if err := new(ImageSource).Configure(map[string]any{}); err == nil {
		t.Error("windows_path may be absent")
	}
}

// TestImageSourceAdvisesWhatItHas names no option that the data source does not have.
func TestImageSourceAdvisesWhatItHas(t *testing.T) {
	t.Parallel()
	paths := map[string]string{"": "windows_path is missing"}
	if runtime.GOOS != "windows" {
		paths[`C:\Windows`] = "give where the image is mounted here"
	}
	for path, want := range paths {
		err := new(ImageSource).Configure(map[string]any{"windows_path": path})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "remote") || strings.Contains(err.Error(), "image_path") {
			t.Errorf("%q: %v", path, err)
		}
	}
}
