package e2e

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// snapshot is a file tree: names, types, modes, sizes, contents and, of files, when they were written.
type snapshot map[string]string

// take looks at everything below root.
func take(t testing.TB, root string) snapshot {
	t.Helper()
	s := snapshot{}
	must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		line := info.Mode().String()
		switch {
		case info.Mode().IsRegular():
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %d bytes %x", info.Size(), sha256.Sum256(content)) + written + info.ModTime().String()
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			line += " to " + target
		}
		s[strings.TrimPrefix(path, root)] = line
		return nil
	}))
	if len(s) < 2 {
		t.Fatalf("there is nothing in %s", root)
	}
	return s
}

const written = " written "

// untouched fails the test when anything of a tree has changed, or a file was only written with the same bytes.
func (s snapshot) untouched(t testing.TB, root string) {
	t.Helper()
	if diff := cmp.Diff(s, take(t, root)); diff != "" {
		t.Errorf("something was written to %s (-before +after):\n%s", root, diff)
	}
}

// same fails the test when anything of a tree has changed. Files may have been written and put back.
func (s snapshot) same(t testing.TB, root string) {
	t.Helper()
	if diff := cmp.Diff(s.withoutTimes(), take(t, root).withoutTimes()); diff != "" {
		t.Errorf("%s has changed (-before +after):\n%s", root, diff)
	}
}

func (s snapshot) withoutTimes() snapshot {
	out := snapshot{}
	for path, line := range s {
		out[path], _, _ = strings.Cut(line, written)
	}
	return out
}
