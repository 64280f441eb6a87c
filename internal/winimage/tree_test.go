package winimage_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// realTree makes a Windows directory of real hives: file name in config → name in the shared test data.
func realTree(t *testing.T, config string, files map[string]string) string {
	t.Helper()
	windows := t.TempDir()
	dir := filepath.Join(windows, filepath.FromSlash(config))
	must(t, os.MkdirAll(dir, 0o755))
	for name, from := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), realHive(t, from), 0o600))
	}
	return windows
}

func realHive(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(testenv.Shared(t, "testdata/hives/"+name+".gz"))
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	data, err := io.ReadAll(z)
	must(t, err)
	return data
}

// sampleTree makes a Windows directory with the hives of our own writer.
func sampleTree(t *testing.T, im sample.Image) string {
	t.Helper()
	windows, err := sample.WriteTree(t.TempDir(), im)
	must(t, err)
	return windows
}

func configFile(windows, name string) string {
	return filepath.Join(windows, "System32", "config", name)
}

// edit changes a hive of a sample tree.
func edit(t *testing.T, windows, hive string, change func(h *regf.Hive)) {
	t.Helper()
	var files [3]*regf.MemFile
	suffixes := [3]string{"", ".LOG1", ".LOG2"}
	for i, s := range suffixes {
		data, err := os.ReadFile(configFile(windows, hive+s))
		must(t, err)
		files[i] = regf.NewMemFile(data)
	}
	h, err := regf.Open(regf.Files{Primary: files[0], Log1: files[1], Log2: files[2]})
	must(t, err)
	change(h)
	_, err = h.Commit(regf.CommitOptions{})
	must(t, err)
	for i, s := range suffixes {
		must(t, os.WriteFile(configFile(windows, hive+s), files[i].Bytes(), 0o600))
	}
}

func set(t *testing.T, h *regf.Hive, key, name string, typ regf.Type, data []byte) {
	t.Helper()
	k, _, err := h.CreateKey(key, nil)
	must(t, err)
	must(t, k.SetValue(name, typ, data))
}

// open opens an image and checks that doing so has changed nothing in its tree.
func open(t *testing.T, windows string, mode winimage.Mode) (*winimage.Image, error) {
	t.Helper()
	before := digest(t, windows)
	session, err := localdir.Open(windows)
	must(t, err)
	t.Cleanup(func() { session.Close() })
	im, err := winimage.Open(context.Background(), session, mode)
	if err == nil {
		t.Cleanup(func() { must(t, im.Close()) })
	}
	if after := digest(t, windows); !bytes.Equal(before, after) {
		t.Error("opening the image has changed it")
	}
	return im, err
}

func mustOpen(t *testing.T, windows string, mode winimage.Mode) *winimage.Image {
	t.Helper()
	im, err := open(t, windows, mode)
	must(t, err)
	return im
}

// digest hashes the names, kinds and contents of a tree.
func digest(t *testing.T, dir string) []byte {
	t.Helper()
	sum := sha256.New()
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		io.WriteString(sum, path+"\x00"+e.Type().String()+"\x00")
		if !e.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		sum.Write(data)
		return err
	}))
	return sum.Sum(nil)
}

func wantCode(t *testing.T, err error, code winerr.Code, words ...string) {
	t.Helper()
	if got, ok := winerr.CodeOf(err); !ok || got != code {
		t.Fatalf("error %v: want code %v", err, code)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

// openUnseen opens an image without looking at the tree, which the test may not be allowed to.
func openUnseen(t *testing.T, windows string, mode winimage.Mode) (*winimage.Image, error) {
	t.Helper()
	session, err := localdir.Open(windows)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { session.Close() })
	return winimage.Open(context.Background(), session, mode)
}
