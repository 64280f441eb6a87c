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
