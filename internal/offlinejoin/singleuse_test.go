package offlinejoin

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// twoImages are two requests for one blob, and what remembers their use.
func twoImages(t *testing.T, guard func(r *Request)) (first, second Request) {
	t.Helper()
	first, second = newImage(t, sample.Image{}), newImage(t, sample.Image{})
	guard(&first)
	guard(&second)
	return first, second
}

func TestOneBlobJoinsOneMachine(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "joins.ledger")
	run, runID := NewRun(), "test-"+rand.Text() // its file outlives the test
	for name, guard := range map[string]func(r *Request){
		"ledger file": func(r *Request) { r.SingleUse.LedgerFile = file },
		"one process": func(r *Request) { r.SingleUse.Run = run },
		"one run":     func(r *Request) { r.SingleUse.RunID = runID },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := twoImages(t, guard)
			if _, err := Stage(t.Context(), first); err != nil {
				t.Fatal(err)
			}
			before := tree(t, second.Image.WindowsPath)
			_, err := Plan(t.Context(), second)
			wantCode(t, err, winerr.AccountReuseBlocked, "one blob joins one machine", first.Image.WindowsPath)
			_, err = Stage(t.Context(), second)
			wantCode(t, err, winerr.AccountReuseBlocked, "Nothing was written")
			if tree(t, second.Image.WindowsPath) != before {
				t.Error("the second image has changed")
			}

			// The same image again is no second use, and neither is another one after the first was taken back.
			if r, err := Stage(t.Context(), first); err != nil || r.Outcome != OutcomeUnchanged {
				t.Errorf("again: %+v, %v", r, err)
			}
			back := UnstageRequest{
				Image: first.Image, SingleUse: first.SingleUse,
			}
			if _, err := Unstage(t.Context(), back); err != nil {
				t.Fatal(err)
			}
			if _, err := Stage(t.Context(), second); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReuseNeedsAReason(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "joins.ledger")
	first, second := twoImages(t, func(r *Request) { r.SingleUse.LedgerFile = file })
	if _, err := Stage(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	second.SingleUse.Reuse = ReuseAllow
	_, err := Stage(t.Context(), second)
	wantCode(t, err, winerr.InvalidParameter, "reuse_reason")
	second.SingleUse.ReuseReason = "web01 was lost in a fire"
	r, err := Stage(t.Context(), second)
	if err != nil || !strings.Contains(strings.Join(r.Warnings, "\n"), "web01 was lost in a fire") {
		t.Errorf("receipt %+v, %v", r, err)
	}
	told, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(told), "web01 was lost in a fire") {
		t.Errorf("the ledger does not hold the reason: %v", err)
	}
	if found := secretsOf(t, "WEB01").In(told); len(found) > 0 {
		t.Errorf("the ledger holds the secret: %v", found)
	}
}

// TestCopiedImageIsASecondUse copies an image after staging: the contract inside it tells.
func TestCopiedImageIsASecondUse(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "joins.ledger")
	first := newImage(t, sample.Image{})
	first.SingleUse.LedgerFile = file
	if _, err := Stage(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	windows := filepath.Join(t.TempDir(), "Windows")
	if err := os.CopyFS(windows, os.DirFS(first.Image.WindowsPath)); err != nil {
		t.Fatal(err)
	}
	copied := first
	copied.Image.WindowsPath = windows
	_, err := Stage(t.Context(), copied)
	wantCode(t, err, winerr.AccountReuseBlocked, "one blob joins one machine")
}

// TestStagedImageIsRemembered stages without a ledger first.
func TestStagedImageIsRemembered(t *testing.T) {
	t.Parallel()
	first, second := twoImages(t, func(*Request) {})
	if _, err := Stage(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	first.SingleUse.LedgerFile = filepath.Join(t.TempDir(), "joins.ledger")
	for range 2 {
		if r, err := Stage(t.Context(), first); err != nil || r.Outcome != OutcomeUnchanged {
			t.Fatalf("receipt %+v, %v", r, err)
		}
	}
	told, err := os.ReadFile(first.SingleUse.LedgerFile)
	if n := strings.Count(string(told), "\n"); err != nil || n != 2 { // an intent and its outcome, once
		t.Errorf("%d lines, %v", n, err)
	}
	second.SingleUse.LedgerFile = first.SingleUse.LedgerFile
	_, err = Stage(t.Context(), second)
	wantCode(t, err, winerr.AccountReuseBlocked)
}

// TestRefusedStageFreesTheAccount stops a stage before it writes.
func TestRefusedStageFreesTheAccount(t *testing.T) {
	t.Parallel()
	run := NewRun()
	first, second := twoImages(t, func(r *Request) { r.SingleUse.Run = run })
	first.Backup = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(first.Backup, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Stage(t.Context(), first); err == nil {
		t.Fatal("a file was taken for a folder")
	}
	if _, err := Stage(t.Context(), second); err != nil {
		t.Error(err)
	}
}
