package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/joinfile"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 2:
		err = write(os.Args[1])
	case len(os.Args) == 3 && os.Args[1] == "-man":
		err = writeMan(os.Args[2])
	default:
		fmt.Fprintln(os.Stderr, "usage: docgen DOCS-FOLDER | docgen -man FOLDER")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

// pages returns all generated pages by their paths below docs/.
func pages() (map[string][]byte, error) {
	out := map[string][]byte{}
	addCommands(out, cli.Commands())
	var reference bytes.Buffer
	if err := joinfile.Reference(&reference); err != nil {
		return nil, err
	}
	out["join-files-reference.md"] = reference.Bytes()
	return out, nil
}

// write writes the pages, and removes those of commands that are gone.
func write(docs string) error {
	all, err := pages()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(docs, commandFolder)); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(docs, commandFolder), 0o755); err != nil {
		return err
	}
	for path, text := range all {
		if err := os.WriteFile(filepath.Join(docs, path), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
