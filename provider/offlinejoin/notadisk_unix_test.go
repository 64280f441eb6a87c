//go:build unix

package offlinejoin

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOnDestroyOfWhatIsNoDisk destroys a resource where its disk has become something else: that is named and kept, and the resource
// goes. A refresh before that keeps what was known.
func TestOnDestroyOfWhatIsNoDisk(t *testing.T) {
	t.Parallel()
	golden := goldenImage(t)
	moved := func(t *testing.T, path string) string {
		t.Helper()
		to := filepath.Join(t.TempDir(), "moved")
		must(t, os.Rename(path, to))
		return to
	}
	others := map[string]struct {
		put  func(t *testing.T, path string)
		says string
	}{
		"folder":     {func(t *testing.T, path string) { moved(t, path); must(t, os.Mkdir(path, 0o755)) }, "there is a directory now"},
		"link":       {func(t *testing.T, path string) { must(t, os.Symlink(moved(t, path), path)) }, "there is a symbolic link now"},
		"dead link":  {func(t *testing.T, path string) { must(t, os.Symlink(moved(t, path)+"/none", path)) }, "there is a symbolic link now"},
		"named pipe": {func(t *testing.T, path string) { moved(t, path); must(t, syscall.Mkfifo(path, 0o600)) }, "there is a named pipe now"},
		"file in place of its folder": {func(t *testing.T, path string) {
			moved(t, path)
			must(t, os.Remove(filepath.Dir(path)))
			write(t, filepath.Dir(path), nil)
		}, "does not exist"},
	}
	for _, kind := range []string{"overlay_path", "copy_path"} {
		for name, other := range others {
			for _, word := range []string{"delete_unused", "delete"} {
				t.Run(kind+"/"+name+"/"+word, func(t *testing.T) {
					t.Parallel()
					p := newPlugin(t, map[string]string{
						"ledger_file": filepath.Join(t.TempDir(), "ledger"), "lock_timeout": "1s",
					}).of(joinedDiskName)
					n := newDiskOver(t, golden, kind)
					n.config["on_destroy"] = word
					d := n.make(t, p)
					other.put(t, d.path)
					before, _ := os.Lstat(d.path)
					read := p.refresh(d.state, d.private)
					p.good(read.Diagnostics)
					if state, err := read.NewState.Unmarshal(p.schemas.ResourceSchemas[p.kind].ValueType()); err != nil || state.IsNull() {
						t.Errorf("a refresh forgets the disk: %s", sayings(read.Diagnostics))
					}
					diagnostics := p.destroy(d.state, d.private)
					if got := sayings(diagnostics); failed(diagnostics) || !strings.Contains(got, other.says) || !strings.Contains(got, "ledger") {
						t.Errorf("said %q, want %q", got, other.says)
					}
					if after, _ := os.Lstat(d.path); before != nil && (after == nil || after.Mode() != before.Mode()) {
						t.Errorf("%v was not kept", before.Mode())
					}
				})
			}
		}
	}
}
