// Package sampletest gives tests the sample image and the sample blob of package sample.
package sampletest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// Image makes a Windows tree and returns its Windows directory. The test is skipped in a build that holds no completion
// program, which could not stage anything into it.
func Image(t testing.TB, im sample.Image) (windowsPath string) {
	t.Helper()
	stageable(t)
	windowsPath, err := sample.WriteTree(t.TempDir(), im)
	if err != nil {
		t.Fatal(err)
	}
	return windowsPath
}

// stageable skips the test in a build that holds no completion program.
func stageable(t testing.TB) {
	t.Helper()
	if _, err := program.Lookup("amd64"); err != nil {
		testenv.Absent(t, err.Error())
	}
}

// Blob makes a blob for WEB01 in corp.example.com with a password of its own, and the file that djoin would have written
// for it.
func Blob(t testing.TB) (blob *odj.Blob, file string) {
	t.Helper()
	return BlobFor(t, "WEB01", 1107)
}

// BlobFor is [Blob] for another machine, whose account has the given relative identifier in the domain.
func BlobFor(t testing.TB, machine string, rid uint32) (blob *odj.Blob, file string) {
	t.Helper()
	blob, err := sample.BlobFor(machine, rid)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), strings.ToLower(machine)+".djoin")
	if err := os.WriteFile(file, blob.DjoinFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	return blob, file
}

// Parses returns how often a blob is parsed while do runs, in the whole process: it is for tests that do not run beside
// others.
func Parses(do func()) int64 {
	before := odj.Parses()
	do()
	return odj.Parses() - before
}
