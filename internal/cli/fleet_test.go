package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// TestFleetTextIsPlain: what stands in a join file does nothing to a terminal, whether in the address of a join, in a
// path, or in the reason why the join fails.
func TestFleetTextIsPlain(t *testing.T) {
	t.Parallel()
	const hostile = `\u001b]0;owned\u0007\u001b[2J\u202e\u2066\u009b31m`
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "blob"), nil, 0o600))
	file := filepath.Join(dir, "hostile.join.hcl")
	must(t, os.WriteFile(file, []byte(`join "web" {
  for_each     = toset(["a`+hostile+`", "b"])
  windows_path = "images/${each.key}`+hostile+`/Windows"
  blob_file    = "blob`+hostile+`"
}
`), 0o600))
	for _, args := range [][]string{{"plan", file}, {"apply", file, "--yes"}, {"status", file}, {"unstage", file, "--yes"}} {
		printed := output(args, "")
		if !strings.Contains(printed, "]0;owned") {
			t.Fatalf("%q shows nothing of it:\n%s", args, printed)
		}
		for line := range strings.Lines(printed) {
			if text := strings.TrimSuffix(line, "\n"); !plaintext.Safe(text) {
				t.Errorf("%q prints %q", args, text)
			}
		}
	}
}
