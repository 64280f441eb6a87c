package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/wine"
)

// native runs the Windows build of the command line under Wine, where a stub records what Windows' own function gets.
func native(t *testing.T, prefix *wine.Prefix) {
	exe := prefix.Install(t, "offlinejoin.exe", bytes.NewReader(windowsCommand(t)))
	dir := prefix.Path("image")
	must(t, os.Mkdir(dir, 0o700))
	sampleImage(t, dir)
	blob := newBlob(t)
	defer blob.Wipe()
	must(t, os.WriteFile(prefix.Path("web01.djoin"), blob.DjoinFile(), 0o600))
	defer func() { // what is searched later must hold nothing of this
		must(t, os.RemoveAll(dir))
		must(t, os.Remove(prefix.Path("web01.djoin")))
	}()
	run := func(code uint32, more ...string) wine.Result {
		args := append([]string{"stage", "--method", "native", "--blob-file", `C:\web01.djoin`}, more...)
		return prefix.RunWith(t, []string{wine.Returns(code)}, exe, args...)
	}

	for _, c := range []struct {
		name    string
		code    uint32
		args    []string
		options uint32
		path    string
		exit    int
		says    string
	}{
		{"an image", 0, []string{"--windows-path", `C:\image\Windows`}, 0, `C:\image\Windows`, 0, "Windows completes the join"},
		{"the running Windows", 2713, []string{"--online"}, completion.ProvisionOnlineCall, `C:\windows`, 0, "restart it to finish"},
		{"not elevated", 740, []string{"--online"}, completion.ProvisionOnlineCall, `C:\windows`, 1, "run elevated"},
		{"a domain controller", 50, []string{"--online"}, completion.ProvisionOnlineCall, `C:\windows`, 1, "(50 ERROR_NOT_SUPPORTED)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(c.code, c.args...)
			if r.ExitCode != c.exit || !strings.Contains(r.Output, c.says) {
				t.Errorf("exit code %d, output %s", r.ExitCode, r.Output)
			}
			call, called := prefix.Call(t)
			if !called || !bytes.Equal(call.Blob, blob.Bytes()) || call.Options != c.options || !strings.EqualFold(call.WindowsPath, c.path) {
				t.Errorf("called: %v, %d bytes, options %#x, path %s", called, len(call.Blob), call.Options, call.WindowsPath)
			}
		})
	}

	t.Run("dry run", func(t *testing.T) {
		r := run(0, "--online", "--dry-run")
		if _, called := prefix.Call(t); called || r.ExitCode != 0 {
			t.Errorf("called: %v, exit code %d, output %s", called, r.ExitCode, r.Output)
		}
	})
	t.Run("no image", func(t *testing.T) {
		r := run(0, "--windows-path", `C:\image`)
		if _, called := prefix.Call(t); called || r.ExitCode != 1 || !strings.Contains(r.Output, "is not a Windows directory") {
			t.Errorf("called: %v, exit code %d, output %s", called, r.ExitCode, r.Output)
		}
	})
}

// windowsCommand is the command line, built for Windows.
func windowsCommand(t *testing.T) []byte {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "offlinejoin.exe")
	cmd := exec.CommandContext(t.Context(), testenv.Tool(t, "go"), "build", "-ldflags", "-s -w", "-o", exe, ".")
	cmd.Dir = testenv.Root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=windows", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	data, err := os.ReadFile(exe)
	must(t, err)
	return data
}
