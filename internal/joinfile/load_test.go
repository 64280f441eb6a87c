package joinfile_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden loads every archive of testdata/right and testdata/mistakes and compares what comes of it with the file
// `want` of the archive. Lines before the first file are notes, but for those that begin with `var` or `env`, which
// are inputs.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"right", "mistakes"} {
		paths, err := filepath.Glob(filepath.Join("testdata", kind, "*.txtar"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no scenarios in %s: %v", kind, err)
		}
		for _, path := range paths {
			t.Run(kind+"/"+strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
				t.Parallel()
				golden(t, path, kind == "mistakes")
			})
		}
	}
}

func golden(t *testing.T, path string, wrong bool) {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	above := t.TempDir()
	dir := filepath.Join(above, "fleet")
	for _, f := range archive.Files {
		if f.Name == "want" {
			want = string(f.Data)
			continue
		}
		to := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	target, in := inputs(string(archive.Comment), dir)
	fleet, diagnostics := joinfile.Load(t.Context(), target, in)
	if diagnostics.HasErrors() != wrong || (fleet == nil) != wrong {
		t.Errorf("errors: %v, fleet: %v", diagnostics.HasErrors(), fleet != nil)
	}
	got := strings.NewReplacer(dir, "DIR", above, "ABOVE").Replace(told(t, fleet, diagnostics))
	if *update {
		archive.Files = append(withoutWant(archive.Files), txtar.File{Name: "want", Data: []byte(got)})
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func withoutWant(files []txtar.File) (out []txtar.File) {
	for _, f := range files {
		if f.Name != "want" {
			out = append(out, f)
		}
	}
	return out
}

// inputs reads the notes of an archive: `load NAME`, `var NAME=VALUE`, `varfile NAME`, `env NAME=VALUE`.
func inputs(notes, dir string) (target string, in joinfile.Inputs) {
	target = dir
	for line := range strings.Lines(notes) {
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "load":
			target = filepath.Join(dir, rest)
		case "var":
			in.Vars = append(in.Vars, joinfile.Var{Assign: rest})
		case "varfile":
			in.Vars = append(in.Vars, joinfile.Var{File: filepath.Join(dir, rest)})
		case "env":
			in.Environ = append(in.Environ, rest)
		}
	}
	return target, in
}

// told shows joins and diagnostics as text.
func told(t *testing.T, fleet *joinfile.Fleet, diagnostics *joinfile.Diagnostics) string {
	t.Helper()
	var b bytes.Buffer
	if err := diagnostics.Write(&b, 0, false); err != nil {
		t.Fatal(err)
	}
	if fleet == nil {
		return b.String()
	}
	for _, j := range fleet.Joins {
		r := j.Request
		fmt.Fprintf(&b, "%s\n  windows_path %s\n  blob_file %s\n", j.Address, r.Image.WindowsPath, j.BlobFile)
		fmt.Fprintf(&b, "  expects %q in %q, method %q, on_existing %q\n", r.Expect.MachineName, r.Expect.Domain, r.Method,
			r.OnExisting)
		if r.SingleUse.LedgerFile != "" {
			fmt.Fprintf(&b, "  ledger %s, reuse %q because %q, waits %v\n", r.SingleUse.LedgerFile, r.SingleUse.Reuse, r.SingleUse.ReuseReason, r.Image.LockTimeout)
		}
	}
	return b.String()
}
