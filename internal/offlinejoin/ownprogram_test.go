package offlinejoin

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// ownProgram writes a file for completion_program.
func ownProgram(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "signed.exe")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOwnCompletionProgramIsStaged(t *testing.T) {
	t.Parallel()
	built, err := program.Lookup("amd64")
	if err != nil {
		t.Fatal(err)
	}
	req := newImage(t, sample.Image{})
	req.CompletionProgram = ownProgram(t, built.Bytes())
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(readFile(t, filepath.Join(req.Image.WindowsPath, "System32", "odjboot.exe")), built.Bytes()) {
		t.Error("another program was staged")
	}
}

func TestWrongCompletionProgramIsRefused(t *testing.T) {
	t.Parallel()
	arm, err := program.Lookup("arm64")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		image sample.Image
		path  func(t *testing.T) string
		code  winerr.Code
		says  string
	}{
		"another architecture": {
			sample.Image{}, func(t *testing.T) string { return ownProgram(t, arm.Bytes()) }, winerr.NotSupported, "arm64",
		},
		"something else": {
			sample.Image{}, func(t *testing.T) string { return ownProgram(t, []byte("MZ")) }, winerr.InvalidParameter, "signed.exe",
		},
		"no file": {
			sample.Image{}, func(t *testing.T) string { return filepath.Join(t.TempDir(), "none.exe") }, winerr.FileNotFound, "none.exe",
		},
		"another method": {
			sample.Image{ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"},
			func(t *testing.T) string { return ownProgram(t, arm.Bytes()) }, winerr.InvalidParameter, "leave completion_program out",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := newImage(t, c.image)
			req.CompletionProgram = c.path(t)
			before := tree(t, req.Image.WindowsPath)
			_, err := Stage(t.Context(), req)
			wantCode(t, err, c.code, c.says, "Nothing was written")
			if tree(t, req.Image.WindowsPath) != before {
				t.Error("something was written")
			}
		})
	}
}
