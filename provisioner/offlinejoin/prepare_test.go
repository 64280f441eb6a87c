package offlinejoin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPrepareCollectsEveryMistake(t *testing.T) {
	t.Parallel()
	err := new(Provisioner).Prepare(map[string]any{
		"blob_file": "<unknown>", "method": "magic", "on_existing": "overwrite",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"windows_path is missing", `method = "magic" is not known`, `on_existing = "overwrite" is not known`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

func TestPrepareWantsExactlyOneBlob(t *testing.T) {
	t.Parallel()
	for want, config := range map[string]map[string]any{
		"the blob is missing":                   {"windows_path": "/mnt/Windows"},
		"blob_file and blob are both there":     {"windows_path": "/mnt/Windows", "blob_file": "f", "blob": "b"},
		"blob_file and blob are both there: ke": {"windows_path": "/mnt", "blob_file": "<unknown>", "blob": "b"},
	} {
		err := new(Provisioner).Prepare(config)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", config, err, want)
		}
	}
}

func TestPrepareLeavesWhatIsNotKnownYet(t *testing.T) {
	t.Parallel()
	notABlob := filepath.Join(t.TempDir(), "web01.djoin")
	if err := os.WriteFile(notABlob, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]map[string]any{
		"everything unknown": {
			"windows_path": "<unknown>", "blob": "<unknown>", "method": "<unknown>", "on_existing": "<unknown>",
			"expect": map[string]any{"machine_name": "<unknown>", "domain": "<unknown>"},
		},
		"part of a path unknown":       {"windows_path": "/mnt/<unknown>/Windows", "blob_file": "/x/<unknown>.djoin"},
		"build data":                   {"windows_path": "{{ .MountPath }}/Windows", "blob_file": "{{ .ID }}.djoin"},
		"a blob file made later":       {"windows_path": "/mnt/Windows", "blob_file": notABlob + ".later"},
		"an image that is not mounted": {"windows_path": "/nowhere/Windows", "blob": "<unknown>"},
		"whether it is the guest's":    {"windows_path": `E:\Windows`, "blob_file": "/x/later.djoin", "remote": false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := new(Provisioner).Prepare(config); err != nil {
				t.Error(err)
			}
		})
	}
	err := new(Provisioner).Prepare(map[string]any{"windows_path": "/mnt/Windows", "blob_file": notABlob})
	if err == nil {
		t.Error("Prepare took a file that is no blob")
	}
}

func TestPrepareRefusesAnUnknownOption(t *testing.T) {
	t.Parallel()
	err := new(Provisioner).Prepare(map[string]any{"windows_path": "/mnt", "blob": "<unknown>", "blobfile": "x"})
	if err == nil || !strings.Contains(err.Error(), "blobfile") {
		t.Errorf("error %v, want one about blobfile", err)
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	config := Config{WindowsPath: "{{ .MountPath }}/Windows"}
	config.BlobFile, config.ReportFile = "secrets/{{ .ID }}.djoin", "{{ .ID }}.json"
	got := config
	err := render(got.texts(), got.ctx, map[string]any{"MountPath": "/mnt/web01", "ID": "web01"})
	if err != nil || got.WindowsPath != "/mnt/web01/Windows" || got.BlobFile != "secrets/web01.djoin" ||
		got.ReportFile != "web01.json" {
		t.Errorf("rendered %+v, %v", got, err)
	}
	if config.WindowsPath != "{{ .MountPath }}/Windows" {
		t.Error("render changed the configuration itself, which a retry starts from")
	}
	for name, data := range map[string]map[string]any{"no data": nil, "other data": {"ID": "web01"}} {
		got := Config{WindowsPath: config.WindowsPath}
		err := render(got.texts(), got.ctx, data)
		if err == nil || !strings.HasPrefix(err.Error(), "windows_path holds a template") {
			t.Errorf("%s: error %v, want one about windows_path", name, err)
		}
	}
}

func TestAnErrorNeverShowsTheBlob(t *testing.T) {
	t.Parallel()
	const secret = "UzNjcjN0UGFzc3dvcmRPZkFNYWNoaW5l"
	for _, blob := range []string{secret, secret + "{{ .Missing }}", secret + "{{ .X", secret + "\n" + secret} {
		p := new(Provisioner)
		err := p.Prepare(map[string]any{"windows_path": "/mnt/Windows", "blob": blob})
		if err == nil {
			c := p.config
			err = render(c.texts(), c.ctx, nil)
		}
		if err == nil {
			t.Errorf("blob %q was taken", blob)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("error shows the blob: %v", err)
		}
	}
	err := new(Provisioner).Prepare(map[string]any{"windows_path": "/mnt/Windows", "blob": []string{secret, secret}})
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("a list of blobs: error %v", err)
	}
}
