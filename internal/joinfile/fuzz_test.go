package joinfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
)

// FuzzLoad feeds any text to Load, as native HCL and as JSON: it tells what is wrong, or gives joins that have what
// they need, and never panics.
func FuzzLoad(f *testing.F) {
	scenarios, err := filepath.Glob(filepath.Join("testdata", "*", "*.txtar"))
	if err != nil || len(scenarios) == 0 {
		f.Fatalf("no scenarios: %v", err)
	}
	for _, path := range scenarios {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(file.Data, filepath.Ext(file.Name) == ".json")
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, isJSON bool) {
		name := "a" + joinfile.Ending
		if isJSON {
			name = "a" + joinfile.EndingJSON
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		fleet, diagnostics := joinfile.Load(t.Context(), path, joinfile.Inputs{})
		if (fleet == nil) != diagnostics.HasErrors() {
			t.Fatalf("fleet %v, errors %v", fleet != nil, diagnostics.HasErrors())
		}
		for _, p := range diagnostics.Problems() {
			if p.Summary == "" || p.Summary == "Evaluation failed" {
				t.Fatalf("problem %+v", p)
			}
		}
		if fleet == nil {
			return
		}
		for _, j := range fleet.Joins {
			if j.Address == "" || j.BlobFile == "" || j.Request.Image.WindowsPath == "" || j.Request.Blob != nil {
				t.Fatalf("join %+v", j)
			}
		}
	})
}
