package undojournal_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

// A change of an image file: what an interrupted one left is seen to first.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "disk.img")
	if err := os.WriteFile(path, []byte("the old content"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	if err := change(path); err != nil {
		fmt.Println(err)
	}
	b, err := os.ReadFile(path)
	fmt.Println(string(b), err)
	// Output:
	// no edit was interrupted
	// the new content <nil>
}

func change(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	folder, err := undojournal.OpenFolder(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	name := filepath.Base(path) + undojournal.Suffix
	found, err := undojournal.Recover(osFile{f}, folder, name, nil)
	if err != nil {
		return err
	}
	fmt.Println(found)
	_, err = undojournal.Write(osFile{f}, folder, name, undojournal.Change{
		Groups: [][]undojournal.Piece{{{Off: 4, Data: []byte("new")}}},
		Size:   15,
	}, nil)
	return err
}
