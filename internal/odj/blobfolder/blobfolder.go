// Package blobfolder reads the blobs that a user has put into a folder, for programs that try each of them.
package blobfolder

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/odj"
)

// Open returns the blobs of a folder in the order of their names, each to be read when it is needed. Every regular file is taken for a
// blob, in any encoding.
func Open(folder string) ([]func() (*odj.Blob, error), error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var all []func() (*odj.Blob, error)
	for _, e := range entries {
		if e.Type().IsRegular() {
			all = append(all, func() (*odj.Blob, error) { return Read(filepath.Join(folder, e.Name())) })
		}
	}
	return all, nil
}

// Read reads one blob, which is the caller's to wipe.
func Read(name string) (*odj.Blob, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, odj.MaxSize+1))
	defer clear(content)
	switch {
	case err != nil:
		return nil, err
	case len(content) > odj.MaxSize:
		return nil, fmt.Errorf("%s is larger than %d bytes", name, odj.MaxSize)
	}
	return odj.Parse(append([]byte(nil), content...))
}
