//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestInstallSaysWhatThePathLacks: who has no folder of Go's programs in PATH would look for the command in vain.
func TestInstallSaysWhatThePathLacks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"bin/offlinejoin": "echo 0.1.0\n", "bin/terraform-provider-offlinejoin": "", "bin/packer-plugin-offlinejoin": "",
		"tools/go": "[ \"$1\" = run ] || case $2 in GOBIN) echo \"$COMMANDS\" ;; GOOS) echo linux ;; GOARCH) echo amd64 ;; esac\n",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	commands := filepath.Join(dir, "go", "bin")
	for path, want := range map[string]bool{"/usr/bin:/bin": true, "/usr/bin:/bin:" + commands: false} {
		cmd := exec.CommandContext(t.Context(), "sh", "../tools/install.sh", filepath.Join(dir, "bin"))
		cmd.Env = []string{"HOME=" + dir, "PATH=" + path, "GO=" + filepath.Join(dir, "tools", "go"), "COMMANDS=" + commands}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "installed "+commands+"/offlinejoin\n") {
			t.Fatalf("%v: %s", err, out)
		}
		if got := strings.Contains(string(out), "add "+commands+" to PATH"); got != want {
			t.Errorf("PATH=%s: told to add the folder: %t, want %t", path, got, want)
		}
	}
}
