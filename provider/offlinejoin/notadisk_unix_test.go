//go:build unix

package offlinejoin

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestDestroyWhereNoImageIs takes back nothing where something else is in the place of an image, says what, and ends with the
// resource gone; a refresh before that keeps what was known.
func TestDestroyWhereNoImageIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		word, says string
		image      func(t *testing.T) string
		put        func(t *testing.T, path string)
	}{
		"folder for a disk": {
			"image_path", "there is a directory now", goldenImage,
			func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o755)) },
		},
		"pipe for a disk": {
			"image_path", "there is a named pipe now", goldenImage,
			func(t *testing.T, path string) { must(t, syscall.Mkfifo(path, 0o600)) },
		},
		"file for a tree": {
			"windows_path", "there is a regular file now", func(t *testing.T) string { return sampletest.Image(t, sample.Image{}) },
			func(t *testing.T, path string) { write(t, path, nil) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, file := sampletest.Blob(t)
			path := c.image(t)
			p := newPlugin(t, map[string]string{"lock_timeout": "1s"})
			d := newDisk{config: map[string]string{c.word: path, "blob_file": file}}.make(t, p)
			must(t, os.Rename(path, path+".moved"))
			c.put(t, path)
			read := p.refresh(d.state, d.private)
			expect(t, read.Diagnostics, false, c.says)
			expect(t, p.destroy(read.NewState, d.private), false, c.says)
		})
	}
}

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
