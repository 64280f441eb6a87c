//go:build !windows

package virtdisk

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv/wine"
)

// TestUnderWine runs TestNative by Wine 8. Its virtdisk.dll attaches nothing: OpenVirtualDisk checks its arguments, of which it
// takes version 1 only (120, not implemented) and refuses version 2 (87), and AttachVirtualDisk and CreateVirtualDisk are names
// whose call ends the program. So this shows that the library is found and called with its arguments in their places, that a
// system without it is refused in a sentence, that volumes are enumerated, opened by their GUID and asked where they lie, and
// that a file is moved onto no other. It shows nothing of attaching, and Wine finds no files below \\?\Volume{GUID}\.
func TestUnderWine(t *testing.T) {
	prefix := wine.New(t)
	exe := filepath.Join(t.TempDir(), "virtdisk.test.exe")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", exe, ".")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := func(want []string, env ...string) {
		t.Helper()
		r := prefix.RunWith(t, env, exe, "-test.run=^TestNative$", "-test.v")
		t.Logf("exit code %d\n%s", r.ExitCode, r.Output)
		if r.ExitCode != 0 {
			t.Error("it fails")
		}
		for _, line := range want {
			if !strings.Contains(r.Output, line) {
				t.Errorf("there is no %q", line)
			}
		}
	}
	same := []string{
		"volumes: true, 0", "CreateFile of the volume: 0", "extents: 0", "number: 0", "MoveFileEx: 0", "MoveFileEx onto a file: 183",
	}
	run(append([]string{"OpenVirtualDisk: 87", "OpenVirtualDisk, version 1: 120"}, same...))
	run(append([]string{"OpenVirtualDisk: 126", "needs virtdisk.dll, which this Windows does not have"}, same...),
		"WINEDLLOVERRIDES=bcryptprimitives,netapi32=n;mscoree,mshtml=;winemenubuilder.exe=d;virtdisk=d")
}
