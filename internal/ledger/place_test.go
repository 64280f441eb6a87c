package ledger_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
)

func TestLocate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"web01", "web02"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "Windows"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	one := filepath.Join(dir, "web01", "Windows")
	here := ledger.Locate(one)
	if here.Path != one || !strings.HasSuffix(here.Place, "web01/Windows") {
		t.Errorf("Locate(%s) = %+v", one, here)
	}
	for _, same := range []string{one + "/", filepath.Join(dir, "web02", "..", "web01", "Windows")} {
		if got := ledger.Locate(same); got.Place != here.Place || got.File != here.File {
			t.Errorf("Locate(%s) = %+v, want the place of %+v", same, got, here)
		}
	}
	if other := ledger.Locate(filepath.Join(dir, "web02", "Windows")); other.Place == here.Place {
		t.Errorf("two images have the place %s", other.Place)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "web01"), link); err == nil {
		if got := ledger.Locate(filepath.Join(link, "Windows")); got.Place != here.Place {
			t.Errorf("through a link: place %s, want %s", got.Place, here.Place)
		}
	}
	if none := ledger.Locate(filepath.Join(dir, "none")); none.Place == "" || none.File != "" {
		t.Errorf("Locate of what is not there = %+v", none)
	}
}
