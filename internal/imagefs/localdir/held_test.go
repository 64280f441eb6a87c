package localdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// heldTree is a tree with sub/deep/a and sub/deep/b.
func heldTree(t *testing.T) (*Tree, string) {
	t.Helper()
	dir := t.TempDir()
	deep := filepath.Join(dir, "sub", "deep")
	err := os.MkdirAll(deep, 0o700)
	for _, name := range []string{"a", "b"} {
		err = errors.Join(err, os.WriteFile(filepath.Join(deep, name), []byte(name), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	tree, err := OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	return tree, dir
}

func opens(t *testing.T, tree *Tree, name string) error {
	t.Helper()
	f, err := tree.Open(name)
	if err != nil {
		return err
	}
	return f.Close()
}

// A hive and its logs are of one directory, also when another one takes its name between two openings.
func TestFilesOfOneDirectoryStayTogether(t *testing.T) {
	t.Parallel()
	tree, dir := heldTree(t)
	if err := opens(t, tree, "sub/deep/a"); err != nil {
		t.Fatal(err)
	}
	deep := filepath.Join(dir, "sub", "deep")
	if err := errors.Join(os.Rename(deep, deep+".old"), os.Mkdir(deep, 0o700)); err != nil {
		t.Skip("this system does not rename an open directory: ", err)
	}
	if err := opens(t, tree, "sub/deep/b"); err != nil {
		t.Errorf("b is not found beside a: %v", err)
	}
	if err := opens(t, tree, "sub/deep.old/b"); err != nil { // another directory is held from here on
		t.Fatal(err)
	}
	if err := opens(t, tree, "sub/deep/b"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("b in the new directory: %v", err)
	}
}

func TestARemovedDirectoryIsNotHeld(t *testing.T) {
	t.Parallel()
	tree, _ := heldTree(t)
	err := errors.Join(
		opens(t, tree, "sub/deep/a"), tree.Remove("sub/deep/a"), tree.Remove("sub/deep/b"),
		tree.RemoveDir("sub/deep"), tree.Mkdir("sub/deep"),
	)
	if err != nil {
		t.Fatal(err)
	}
	f, err := tree.Create("sub/deep/c")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), opens(t, tree, "sub/deep/c")); err != nil {
		t.Error(err)
	}
}

// One caller's walk does not close the directory that another is using.
func TestHeldDirectoriesOfManyCallers(t *testing.T) {
	t.Parallel()
	tree, dir := heldTree(t)
	if err := os.WriteFile(filepath.Join(dir, "sub", "c"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for _, name := range []string{"sub/deep/a", "sub/c", "sub/deep/b", "sub/c"} {
		all.Go(func() {
			for range 200 {
				if err := opens(t, tree, name); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}
