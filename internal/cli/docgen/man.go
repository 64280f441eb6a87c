package main

import (
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/cli/manual"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

// writeMan writes a manual page for every command into a folder, which is made.
func writeMan(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	pages, err := manual.Pages(version.String(), nil)
	if err != nil {
		return err
	}
	for _, p := range pages {
		if err := os.WriteFile(filepath.Join(folder, p.Name), p.Text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
