package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/cli"
)

// Every command has a manual page with its flags.
func TestEveryCommandHasAManualPage(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "man1")
	if err := writeMan(folder); err != nil {
		t.Fatal(err)
	}
	for _, c := range cli.Commands().Commands() {
		if !c.IsAvailableCommand() {
			continue
		}
		page, err := os.ReadFile(filepath.Join(folder, "offlinejoin-"+c.Name()+".1"))
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(string(page), ".SH SYNOPSIS") {
			t.Errorf("the page of %s has no synopsis", c.Name())
		}
	}
}
