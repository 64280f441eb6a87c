//go:build ignore

// Generate formats the empty volume anew and writes it, compressed, to empty.ntfs.gz:
//
//	go run ./internal/sample/golden/generate.go
//
// It is run in the repository's top folder, where mkntfs (ntfs-3g) is installed.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/sample/golden"
)

func main() {
	if err := generate(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "empty-volume-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) // a scratch volume
	volume, err := golden.Recipe(ctx, "mkntfs", filepath.Join(folder, "volume"))
	if err != nil {
		return err
	}
	content, err := golden.Pack(volume)
	if err != nil {
		return err
	}
	const to = "internal/sample/golden/empty.ntfs.gz"
	fmt.Printf("%s: %d bytes, %d compressed\n", to, len(volume), len(content))
	return os.WriteFile(to, content, 0o644)
}
