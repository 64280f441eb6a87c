package offlinejoin

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/odj"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
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
	parsed, err := core.ReadBlob(blob.DjoinFile(), "another blob")
	if err != nil {
		t.Fatal(err)
	}
	_, err = core.Stage(t.Context(), core.Request{
		Image: core.ImageAt(windowsPath), Blob: parsed, OnExisting: core.OnExistingReplace,
		StagedBy: "somebody/1.0",
	})
	if err != nil {
		t.Fatal(err)
	}
}

func unstage(t *testing.T, windowsPath string) {
	t.Helper()
	if _, err := core.Unstage(t.Context(), core.UnstageRequest{Image: core.ImageAt(windowsPath)}); err != nil {
		t.Fatal(err)
	}
}

func statusOf(t *testing.T, windowsPath string) *core.Status {
	t.Helper()
	status, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: core.ImageAt(windowsPath)})
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// keptFiles are the hives of an image as they were.
type keptFiles map[string][]byte

func keep(t *testing.T, windowsPath string) keptFiles {
	t.Helper()
	files := keptFiles{}
	for _, name := range []string{"SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2", "SECURITY", "SECURITY.LOG1", "SECURITY.LOG2"} {
		file := filepath.Join(windowsPath, "System32", "config", name)
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		files[file] = content
	}
	return files
}

func (k keptFiles) putBack(t *testing.T) {
	t.Helper()
	for file, content := range k {
		write(t, file, content)
	}
}
