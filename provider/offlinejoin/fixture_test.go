package offlinejoin

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// stage stages a blob as somebody else would.
func stage(t *testing.T, windowsPath string, blob *odj.Blob) {
	t.Helper()
	_, err := core.Stage(t.Context(), core.Request{
		WindowsPath: windowsPath, Blob: blob.Bytes(), BlobName: "another blob", OnExisting: core.OnExistingReplace,
		StagedBy: "somebody/1.0",
	})
	if err != nil {
		t.Fatal(err)
	}
}

func unstage(t *testing.T, windowsPath string) {
	t.Helper()
	if _, err := core.Unstage(t.Context(), core.UnstageRequest{WindowsPath: windowsPath}); err != nil {
		t.Fatal(err)
	}
}

func statusOf(t *testing.T, windowsPath string) *core.Status {
	t.Helper()
	status, err := core.ReadStatus(t.Context(), core.StatusRequest{WindowsPath: windowsPath})
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// boot does to the image's registry what the completion program does at a first boot that goes well.
func boot(t *testing.T, windowsPath string) {
	t.Helper()
	editSystem(t, windowsPath, func(h *regf.Hive) error {
		key, err := h.Key(completion.Key)
		if err != nil {
			return err
		}
		if err := key.DeleteValue(completion.ValueProvisioningBlob); err != nil {
			return err
		}
		for name, text := range map[string]string{
			completion.ValueState:       completion.StateCompleted,
			completion.ValueCompletedAt: "2026-11-24T12:00:00Z",
		} {
			if err := key.SetValue(name, regf.SZ, regf.TextData(text)); err != nil {
				return err
			}
		}
		setup, err := h.Key(completion.SetupKey)
		if err != nil {
			return err
		}
		if err := setup.SetValue(completion.ValueCmdLine, regf.SZ, regf.TextData("")); err != nil {
			return err
		}
		return setup.SetValue(completion.ValueSetupType, regf.DWORD, regf.DWORDData(completion.SetupTypeNone))
	})
}

// editSystem changes the image's SYSTEM hive, through its logs.
func editSystem(t *testing.T, windowsPath string, edit func(*regf.Hive) error) {
	t.Helper()
	config := filepath.Join(windowsPath, "System32", "config")
	names := [3]string{"SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2"}
	var files [3]*regf.MemFile
	for i, name := range names {
		content, err := os.ReadFile(filepath.Join(config, name))
		if err != nil && i == 0 {
			t.Fatal(err)
		}
		files[i] = regf.NewMemFile(content)
	}
	hive, err := regf.Open(regf.Files{Primary: files[0], Log1: files[1], Log2: files[2]})
	if err != nil {
		t.Fatal(err)
	}
	if err := edit(hive); err != nil {
		t.Fatal(err)
	}
	if _, err := hive.Commit(regf.CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		write(t, filepath.Join(config, name), files[i].Bytes())
	}
}
