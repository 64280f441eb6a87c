package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestAFileOfSomebodysIsNeverOverwritten names the blob, a key and other files where the command line and join files want
// one that they write. Every file is the same afterwards, and the image holds nothing.
func TestAFileOfSomebodysIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, blob := sampletest.Blob(t)
	dir := t.TempDir()
	key, ledger := filepath.Join(dir, "key.txt"), filepath.Join(dir, "l.led")
	for path, content := range map[string]string{key: "AGE-SECRET-KEY-1QQPQY", ledger: ""} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := map[string][]byte{}
	for _, path := range []string{blob, key, ledger, filepath.Join(image, "System32", "config", "SYSTEM")} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		before[path] = content
	}
	join := filepath.Join(dir, "fleet.join.hcl")
	stage := []string{"stage", "--windows-path", image, "--blob-file", blob}
	apply := func(more string) []string {
		text := fmt.Sprintf("join \"a\" {\n  windows_path = %q\n  blob_file = %q\n  %s\n}\n", image, blob, more)
		if err := os.WriteFile(join, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{"apply", join, "--yes"}
	}
	for name, args := range map[string]func() []string{
		"ledger is the blob": func() []string { return append(stage[:len(stage):len(stage)], "--ledger-file", blob) },
		"ledger is a key":    func() []string { return append(stage[:len(stage):len(stage)], "--ledger-file", key) },
		"report is the blob": func() []string { return append(stage[:len(stage):len(stage)], "--report-file", blob) },
		"report is a key":    func() []string { return append(stage[:len(stage):len(stage)], "--report-file", key) },
		"report is the ledger": func() []string {
			return append(stage[:len(stage):len(stage)], "--report-file", ledger, "--ledger-file", ledger)
		},
		"ledger in the image": func() []string {
			return append(stage[:len(stage):len(stage)], "--ledger-file", filepath.Join(image, "l"))
		},
		"backup is the image": func() []string {
			return append(stage[:len(stage):len(stage)], "--backup", filepath.Join(image, "System32", "config"))
		},
		"unstage with the image": func() []string {
			return []string{"unstage", "--windows-path", image, "--ledger-file", filepath.Join(image, "l")}
		},
		"joins: the blob":      func() []string { return apply(fmt.Sprintf("ledger_file = %q", blob)) },
		"joins: a key":         func() []string { return apply(fmt.Sprintf("ledger_file = %q", key)) },
		"joins: the join file": func() []string { return apply(fmt.Sprintf("ledger_file = %q", join)) },
		"joins: the report":    func() []string { return append(apply(""), "--report", filepath.Join(image, "r.json")) },
	} {
		args := args()
		joins, err := os.ReadFile(join)
		code, _, stderr := withArguments(t, args)
		if code == 0 {
			t.Errorf("%s: exit code 0\n%s", name, stderr)
		}
		if now, _ := os.ReadFile(join); err == nil && !bytes.Equal(now, joins) {
			t.Errorf("%s: the join file was changed", name)
		}
		for path, content := range before {
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, content) {
				t.Errorf("%s: %s was changed (%v); the command said: %s", name, path, err, strings.TrimSpace(stderr))
			}
		}
		for _, made := range []string{blob + ".lock", key + ".lock", filepath.Join(image, "l"), filepath.Join(image, "l.lock")} {
			if _, err := os.Lstat(made); err == nil {
				t.Errorf("%s: %s was made", name, made)
			}
		}
	}
}
