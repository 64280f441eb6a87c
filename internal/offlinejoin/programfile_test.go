package offlinejoin

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
)

func TestFileHolds(t *testing.T) {
	t.Parallel()
	want := bytes.Repeat([]byte("program "), 3*compareSize/8+1)
	changed := func(at int) []byte {
		other := bytes.Clone(want)
		other[at] ^= 1
		return other
	}
	dir := t.TempDir()
	tree, err := localdir.OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	for name, c := range map[string]struct {
		content []byte
		same    bool
	}{
		"same":                 {want, true},
		"first byte":           {changed(0), false},
		"before the boundary":  {changed(compareSize - 1), false},
		"behind the boundary":  {changed(2 * compareSize), false},
		"last byte":            {changed(len(want) - 1), false},
		"shorter":              {want[:len(want)-1], false},
		"longer":               {append(bytes.Clone(want), 0), false},
		"empty":                {nil, false},
		"nothing but the size": {make([]byte, len(want)), false},
	} {
		if err := os.WriteFile(filepath.Join(dir, "file"), c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := fileHolds(tree, "file", want); err != nil || got != c.same {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.same)
		}
	}
	if _, err := fileHolds(tree, "none", want); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
