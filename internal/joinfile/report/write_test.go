package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/report"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

func TestJSONHoldsAllOfTheReport(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "report.json")
	want := sampleReport(12)
	if err := os.WriteFile(path, []byte("an earlier report"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := report.Write(path, want); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got fleet.Report
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, &got, cmpopts.IgnoreUnexported(offlinejoin.Status{})); d != "" {
		t.Error(d)
	}
}

func TestHTMLEscapesAndLoadsNothing(t *testing.T) {
	t.Parallel()
	r := sampleReport(3)
	r.Source, r.By = hostile, hostile
	one := &r.Joins[0]
	one.Join, one.WindowsPath, one.BlobFile, one.File = hostile, hostile, hostile, hostile
	one.Error = &fleet.Failure{Message: hostile, Name: hostile}
	one.Receipt.Warnings = []string{hostile}
	one.Receipt.Changes[0].After = hostile
	one.Receipt.Status.Image.ProductName = hostile
	one.Receipt.Blob.MachineName = hostile
	var page bytes.Buffer
	if err := report.HTML(&page, r); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{hostile, "<img", `broken"</script>`, "http:", "https:", "//cdn", "ZgotmplZ"} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if n := strings.Count(page.String(), "<script"); n != 1 {
		t.Errorf("the page has %d scripts", n)
	}
}

// TestAWarningOfManyJoinsIsShownOnce: with how many have it; one of a single join stays with it. A page of the folder "." is named
// after that folder.
func TestAWarningOfManyJoinsIsShownOnce(t *testing.T) {
	t.Parallel()
	r := sampleReport(30)
	const many, single = "the same of many", "of one join alone"
	joins := 0
	for i := range r.Joins {
		if r.Joins[i].Receipt == nil {
			continue
		}
		if joins++; joins == 1 {
			r.Joins[i].Receipt.Warnings = []string{many, single}
			continue
		}
		r.Joins[i].Receipt.Warnings = []string{many}
	}
	r.Source = "."
	var page bytes.Buffer
	if err := report.HTML(&page, r); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{many, single} {
		if n := strings.Count(page.String(), text); n != 1 {
			t.Errorf("%q is on the page %d times", text, n)
		}
	}
	if want := fmt.Sprintf("%d joins, such as ", joins); !strings.Contains(page.String(), want) {
		t.Errorf("the page does not say %q", want)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if want := "<title>offlinejoin apply · " + filepath.Base(here) + "</title>"; !strings.Contains(page.String(), want) {
		t.Errorf("the page has no %s", want)
	}
}

func TestAFailedReportLeavesNoFileBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "report.html")
	if err := os.Mkdir(path, 0o700); err != nil { // in the way of the rename
		t.Fatal(err)
	}
	if err := report.Write(path, sampleReport(1)); err == nil {
		t.Error("a report was written over a folder")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"a.json": true, "b/c.html": true, "a": false, "a.txt": false, "json": false, "a.HTML": false,
	} {
		if err := report.CheckName(name); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
