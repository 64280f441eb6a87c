package compat_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/compat"
	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// All calls of the core are in this file, so that a change of its API is made here alone.

// wantState is what today's core must say of a fixture.
func wantState(f compat.Fixture) string { return f.Status.State }

// stateAfter is what it must say when the join is taken back. What Windows did stays.
func stateAfter(f compat.Fixture) string {
	if f.Name == "answer-file-completed" {
		return string(offlinejoin.StateJoined)
	}
	return string(offlinejoin.StateAbsent)
}

// status reads an image, as far as it is about a join.
func status(t *testing.T, windowsPath string) compat.Status {
	t.Helper()
	st, err := offlinejoin.ReadStatus(t.Context(), offlinejoin.StatusRequest{Image: offlinejoin.ImageAt(windowsPath)})
	if err != nil {
		t.Fatal(err)
	}
	return asBefore[compat.Status](t, st)
}

// unstage takes a join back, and frees its account in a ledger; "" is none.
func unstage(t *testing.T, windowsPath, ledgerFile string) compat.Status {
	t.Helper()
	receipt, err := offlinejoin.Unstage(t.Context(), offlinejoin.UnstageRequest{
		Image: offlinejoin.ImageAt(windowsPath), SingleUse: offlinejoin.SingleUse{LedgerFile: ledgerFile}, StagedBy: "test/1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Outcome != offlinejoin.OutcomeUnstaged {
		t.Errorf("the outcome is %s", receipt.Outcome)
	}
	return asBefore[compat.Status](t, receipt.Status)
}

// stage stages a blob, in the place of any other; warnings are what the receipt says beside it.
func stage(t *testing.T, windowsPath string, blob []byte, ledgerFile string) (warnings []string, err error) {
	t.Helper()
	read, err := offlinejoin.ReadBlob(blob, "the blob")
	if err != nil {
		t.Fatal(err)
	}
	defer read.Wipe()
	receipt, err := offlinejoin.Stage(t.Context(), offlinejoin.Request{
		Image: offlinejoin.ImageAt(windowsPath), Blob: read, OnExisting: offlinejoin.OnExistingReplace,
		SingleUse: offlinejoin.SingleUse{LedgerFile: ledgerFile}, StagedBy: "test/1",
	})
	if err != nil {
		return nil, err
	}
	return receipt.Warnings, nil
}

// use is an entry that a ledger has in force.
type use struct {
	Event       string `json:"event"`
	ID          string `json:"id"`
	MachineName string `json:"machine_name"`
	AccountSID  string `json:"account_sid"`
	Fingerprint string `json:"fingerprint"`
	WindowsPath string `json:"windows_path"`
	Host        string `json:"host"`
	ReuseReason string `json:"reuse_reason"`
}

// inForce reads a ledger.
func inForce(t *testing.T, ledgerFile string) []use {
	t.Helper()
	entries, err := offlinejoin.LedgerEntries(t.Context(), offlinejoin.SingleUse{LedgerFile: ledgerFile})
	if err != nil {
		t.Fatal(err)
	}
	return asBefore[[]use](t, entries)
}

// newImage makes a sample image of today, for what needs one that nothing is staged into.
func newImage(t *testing.T) (windowsPath string) {
	t.Helper()
	needProgram(t)
	windowsPath, err := sample.WriteTree(t.TempDir(), sample.Image{})
	if err != nil {
		t.Fatal(err)
	}
	return windowsPath
}

// needProgram skips a test that stages with method registry in a build without the completion program.
func needProgram(t *testing.T) {
	t.Helper()
	if _, err := program.Lookup("amd64"); err != nil {
		testenv.Absent(t, err.Error())
	}
}

// asBefore turns what the core returns into the words that the commit's JSON had.
func asBefore[T any](t *testing.T, value any) T {
	t.Helper()
	var out T
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
