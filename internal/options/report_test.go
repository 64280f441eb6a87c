package options_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestWriteReportReplaces(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "web01.json")
	older := &offlinejoin.Receipt{SchemaVersion: 1, Outcome: offlinejoin.OutcomePlanned}
	if err := options.WriteReport(path, older); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := options.CheckReport(path); err != nil {
		t.Fatal(err)
	}
	receipt := &offlinejoin.Receipt{SchemaVersion: 1, Outcome: offlinejoin.OutcomeStaged}
	if err := options.WriteReport(path, receipt); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got offlinejoin.Receipt
	if err := json.Unmarshal(text, &got); err != nil || got.Outcome != receipt.Outcome {
		t.Errorf("the report holds %s, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the report is %v, %v", info.Mode(), err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("left beside the report: %v, %v", entries, err)
	}
}

// TestReportsAreCheckedBeforeAnythingIsWritten: each refusal names the file and the way out, and nothing is left in the folder.
func TestReportsAreCheckedBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string]string{"blob.json": "ARAIAMzMzMw", "empty.json": "", "fleet.join.hcl.json": `{"join": {}}`} {
		if err := os.WriteFile(at(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(at("folder.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		code  winerr.Code
		words string
	}{
		"no/report.json":      {winerr.FileNotFound, "does not exist: make it first"},
		"folder.json":         {winerr.InvalidParameter, "is no regular file: name another"},
		"blob.json":           {winerr.InvalidParameter, "is no report of this program: name another, or move that file away"},
		"fleet.join.hcl.json": {winerr.InvalidParameter, "is no report of this program"},
	} {
		err := options.CheckReport(at(name))
		if code, _ := winerr.CodeOf(err); code != c.code || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, name := range []string{"empty.json", "new.json"} {
		if err := options.CheckReport(at(name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestNoReportWhereNoneCanBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wantRefusal(t, options.CheckReport(filepath.Join(dir, "none", "r.json")), winerr.FileNotFound, "")
	wantRefusal(t, options.CheckReport(dir), winerr.InvalidParameter, "")
	err := options.WriteReport(filepath.Join(dir, "none", "r.json"), &offlinejoin.Receipt{Outcome: offlinejoin.OutcomeStaged})
	if err == nil || !strings.Contains(err.Error(), "the join is done (staged), but report_file") {
		t.Errorf("error %v", err)
	}
	for _, err := range []error{options.CheckReport(""), options.WriteReport("", nil)} {
		if err != nil {
			t.Error(err)
		}
	}
}
