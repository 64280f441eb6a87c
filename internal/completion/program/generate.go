//go:build ignore

// Generate compiles the completion program for every architecture that Lookup knows and keeps it compressed in bin/,
// where the next build embeds it:
//
//	go run ./internal/completion/program/generate.go
//
// It is run in the repository's top folder. A file is only written when its content changes.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/completion/program/crossbuild"
)

const folder = "internal/completion/program"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for _, arch := range program.Architectures() {
		if err := generate(ctx, arch); err != nil {
			fail(err)
		}
	}
	if err := removeOthers(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "generate:", err)
	os.Exit(1)
}

// removeOthers removes what another version of this program has left: the build would embed it.
func removeOthers() error {
	found, err := filepath.Glob(filepath.Join(folder, "bin", "odjboot_*"))
	if err != nil {
		return err
	}
	for _, file := range found {
		mine := func(arch string) bool { return filepath.Base(program.FileFor(arch)) == filepath.Base(file) }
		if !slices.ContainsFunc(program.Architectures(), mine) {
			if err := os.Remove(file); err != nil {
				return err
			}
			fmt.Printf("%s: removed\n", file)
		}
	}
	return nil
}

func generate(ctx context.Context, arch string) error {
	exe, err := crossbuild.Program(ctx, ".", arch)
	if err != nil {
		return err
	}
	packed, err := crossbuild.Compress(exe)
	if err != nil {
		return err
	}
	file := filepath.Join(folder, filepath.FromSlash(program.FileFor(arch)))
	if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, packed) {
		fmt.Printf("%s: unchanged\n", file)
		return nil
	}
	fmt.Printf("%s: %d bytes, %d compressed\n", file, len(exe), len(packed))
	return replace(file, packed)
}

// replace writes beside and renames, so that a build that runs meanwhile never embeds half a program.
func replace(file string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".generate-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails after the rename, as it should
	if _, err := tmp.Write(content); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := os.Chmod(tmp.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}
