package main

import (
	"os"

	"github.com/spf13/cobra/doc"

	"github.com/offlinejoin/offlinejoin/internal/cli"
)

// writeMan writes a manual page for every command into a folder, which is made.
func writeMan(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	root := cli.Commands()
	root.DisableAutoGenTag = true
	return doc.GenManTree(root, &doc.GenManHeader{
		Title: "OFFLINEJOIN", Section: "1", Source: "offlinejoin " + root.Version, Manual: "offlinejoin",
	}, folder)
}
