package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// TestFleetTextIsPlain: marks that reorder text on a terminal do nothing, whether in a path or in the reason why a join
// fails. (Control characters, and names of joins with either, are refused before.)
func TestFleetTextIsPlain(t *testing.T) {
	t.Parallel()
	const hostile = `owned\u202e\u2066`
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "blob"), nil, 0o600))
	file := filepath.Join(dir, "hostile.join.hcl")
	must(t, os.WriteFile(file, []byte(`join "web" {
  for_each     = toset(["a", "b"])
  windows_path = "images/${each.key}`+hostile+`/Windows"
  blob_file    = "blob`+hostile+`"
}
`), 0o600))
	for _, args := range [][]string{{"plan", file}, {"apply", file, "--yes"}, {"status", file}, {"unstage", file, "--yes"}} {
		printed := output(args, "")
		if !strings.Contains(printed, "owned") {
			t.Fatalf("%q shows nothing of it:\n%s", args, printed)
		}
		for line := range strings.Lines(printed) {
			if text := strings.TrimSuffix(line, "\n"); !plaintext.Safe(text) {
				t.Errorf("%q prints %q", args, text)
			}
		}
	}
}
