package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// systemHive is an image's SYSTEM hive in memory.
type systemHive struct {
	*regf.Hive
	config string
	files  [3]*regf.MemFile
}

func suffixes() [3]string { return [3]string{"", ".LOG1", ".LOG2"} }

func openSystem(t testing.TB, windows string) *systemHive {
	t.Helper()
	h := &systemHive{config: configOf(windows)}
	for i, suffix := range suffixes() {
		data, err := os.ReadFile(filepath.Join(h.config, "SYSTEM"+suffix))
		if !errors.Is(err, os.ErrNotExist) {
			must(t, err)
		}
		h.files[i] = regf.NewMemFile(data)
	}
	var err error
	h.Hive, err = regf.Open(regf.Files{Primary: h.files[0], Log1: h.files[1], Log2: h.files[2]})
	must(t, err)
	return h
}

// save commits what was changed, as Windows would, and writes the files.
func (h *systemHive) save(t testing.TB) {
	t.Helper()
	_, err := h.Commit(regf.CommitOptions{Scrub: true})
	must(t, err)
	for i, suffix := range suffixes() {
		must(t, os.WriteFile(filepath.Join(h.config, "SYSTEM"+suffix), h.files[i].Bytes(), 0o600))
	}
}

// isWhole checks the structure of an image's SYSTEM hive.
func isWhole(t testing.TB, windows string) {
	t.Helper()
	for _, problem := range regf.Check(openSystem(t, windows).Hive) {
		if !problem.Oddity {
			t.Errorf("SYSTEM of %s: %s", windows, problem)
		}
	}
}
