package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// frontEnds are the commands for one image, and those for join files.
func frontEnds() map[string]sampletest.FrontEnd {
	return map[string]sampletest.FrontEnd{"commands": byCommands, "join files": byJoinFile}
}

func byCommands(t *testing.T, windows, blobFile string) (stage, unstage func() string) {
	return typed(t, "stage", "--windows-path", windows, "--blob-file", blobFile), typed(t, "unstage", "--windows-path", windows)
}

func byJoinFile(t *testing.T, windows, blobFile string) (stage, unstage func() string) {
	join := filepath.Join(t.TempDir(), "one.join.hcl")
	must(t, os.WriteFile(join, fmt.Appendf(nil, "join \"a\" {\n  windows_path = %q\n  blob_file = %q\n}\n", windows, blobFile), 0o600))
	return typed(t, "apply", join, "--yes"), typed(t, "unstage", join, "--yes")
}

func typed(t *testing.T, args ...string) (run func() string) {
	return func() string {
		_, out, stderr := withArguments(t, args)
		return out + stderr
	}
}

// TestThingsThatAnImageHasBefore: a prepared key is remade, leftovers go, a file of the program's name is told of, and a boot hook
// comes back byte for byte.
func TestThingsThatAnImageHasBefore(t *testing.T) {
	t.Parallel()
	for name, frontEnd := range frontEnds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			frontEnd.FindsThings(t)
		})
	}
}
