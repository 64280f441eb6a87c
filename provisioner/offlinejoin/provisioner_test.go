package offlinejoin

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// provision prepares as Packer does, twice, and provisions. It returns what the user saw.
func provision(t *testing.T, config, generated map[string]any) (shown string, err error) {
	t.Helper()
	p := new(Provisioner)
	for range 2 {
		if err := p.Prepare(config); err != nil {
			t.Fatal(err)
		}
	}
	return run(t.Context(), p, generated)
}

func run(ctx context.Context, p *Provisioner, generated map[string]any) (shown string, err error) {
	var out bytes.Buffer
	ui := newTestUI(&out)
	err = p.Provision(ctx, ui, nil, generated)
	return out.String(), err
}

func statusOf(t *testing.T, windowsPath string) *core.Status {
	t.Helper()
	status, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: core.ImageAt(windowsPath)})
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func TestProvisionStages(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	blob, file := sampletest.Blob(t)
	config := map[string]any{
		"windows_path": image, "blob_file": file,
		"expect": map[string]any{"machine_name": "web01", "domain": "CORP"},
	}
	shown, err := provision(t, config, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Opening the image at " + image, "WEB01", "corp.example.com", "Read back and compared: ok"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the user saw\n%s\nwithout %q", shown, want)
		}
	}
	noSecret(t, shown, blob)
	status := statusOf(t, image)
	if status.State != core.StateStaged || status.Fingerprint != blob.Fingerprint() ||
		!strings.HasPrefix(status.StagedBy, "packer-plugin-offlinejoin/") {
		t.Errorf("status %+v", status)
	}

	staged := sampletest.Digest(t, image)
	if _, err := provision(t, config, nil); err != nil {
		t.Errorf("again, as max_retries does: %v", err)
	}
	if sampletest.Digest(t, image) != staged {
		t.Error("staging the same join again wrote something")
	}
}

// noSecret searches what a user saw for the blob and its password.
func noSecret(t *testing.T, shown string, blob *odj.Blob) {
	t.Helper()
	if found := canary.ForBlob(blob.Bytes(), blob.MachinePassword()).In([]byte(shown)); found != nil {
		t.Errorf("the user saw the secret: %q", found)
	}
}

func TestProvisionTakesTheBlobAsText(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	blob, _ := sampletest.Blob(t)
	shown, err := provision(t, map[string]any{
		"windows_path": "{{ .MountPath }}", "blob": blob.AccountData(),
	}, map[string]any{"MountPath": image})
	if err != nil {
		t.Fatal(err)
	}
	noSecret(t, shown, blob)
	if got := statusOf(t, image).Fingerprint; got != blob.Fingerprint() {
		t.Errorf("staged %s, want %s", got, blob.Fingerprint())
	}
}

func TestProvisionDryRunWritesNothing(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	blob, file := sampletest.Blob(t)
	before := sampletest.Digest(t, image)
	shown, err := provision(t, map[string]any{"windows_path": image, "blob_file": file, "dry_run": true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if sampletest.Digest(t, image) != before {
		t.Error("a dry run wrote something")
	}
	for _, want := range []string{
		"Would stage WEB01 → corp.example.com (method registry). Nothing has been written.",
		`+ SYSTEM\Setup\OfflineJoin ProvisioningBlob`, "odjboot.exe", `~ SYSTEM\Setup SetupType 0 → 2`,
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("the user saw\n%s\nwithout %q", shown, want)
		}
	}
	noSecret(t, shown, blob)
}

func TestProvisionRefusesAndWritesNothing(t *testing.T) {
	t.Parallel()
	_, file := sampletest.Blob(t)
	image, controller := sampletest.Image(t, sample.Image{}), t.TempDir()
	dc, err := sample.WriteTree(controller, sample.Image{ProductType: "LanmanNT"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		windowsPath, file, want string
	}{
		"domain controller": {dc, file, "(50 ERROR_NOT_SUPPORTED)"},
		"no Windows":        {t.TempDir(), file, "(87 ERROR_INVALID_PARAMETER)"},
		"no blob file":      {image, file + ".none", "(2 ERROR_FILE_NOT_FOUND)"},
	} {
		t.Run(name, func(t *testing.T) {
			before := sampletest.Digest(t, c.windowsPath)
			_, err := provision(t, map[string]any{"windows_path": c.windowsPath, "blob_file": c.file}, nil)
			if err == nil || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("error %v, want one that ends %s", err, c.want)
			}
			if sampletest.Digest(t, c.windowsPath) != before {
				t.Error("something was written")
			}
		})
	}
}

func TestPrepareChecksTheBlob(t *testing.T) {
	t.Parallel()
	blob, file := sampletest.Blob(t)
	for want, expect := range map[string]map[string]any{
		"WEB02":             {"machine_name": "WEB02"},
		"other.example.com": {"domain": "other.example.com"},
	} {
		for _, config := range []map[string]any{{"blob_file": file}, {"blob": blob.AccountData()}} {
			config["windows_path"], config["expect"] = "/nowhere/Windows", expect
			err := new(Provisioner).Prepare(config)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("expecting %v: error %v", expect, err)
			}
		}
	}
	good := map[string]any{
		"windows_path": "/nowhere/Windows", "blob_file": file,
		"expect": map[string]any{"machine_name": "<unknown>", "domain": "corp.example.com"},
	}
	if err := new(Provisioner).Prepare(good); err != nil {
		t.Error(err)
	}
}

func TestProvisionObeysItsContext(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	p := new(Provisioner)
	if err := p.Prepare(map[string]any{"windows_path": image, "blob_file": file}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := sampletest.Digest(t, image)
	if _, err := run(ctx, p, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if sampletest.Digest(t, image) != before {
		t.Error("a cancelled provisioner wrote something")
	}
}
