package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/report"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// step is one of internal/tools/browser, and what is wanted of it.
type step struct {
	Viewport   []int    `json:"viewport,omitempty"`
	Evaluate   string   `json:"evaluate,omitempty"`
	Type       []string `json:"type,omitempty"`
	Click      string   `json:"click,omitempty"`
	Visible    string   `json:"visible,omitempty"`
	Media      []string `json:"media,omitempty"`
	Screenshot string   `json:"screenshot,omitempty"`

	want any // what it evaluates to; nil: whatever it is
}

// TestPageInABrowser opens a report in Chromium, filters and sorts its table as a user does, and takes screenshots,
// which stay in .build to be looked at.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	chromium := testenv.Tool(t, "chromium")
	page := filepath.Join(t.TempDir(), "report.html")
	r := sampleReport(24)
	r.Joins[5].Join, r.Joins[5].WindowsPath = hostile, hostile
	r.Joins[5].Receipt.Blob.MachineName = hostile
	if err := report.Write(page, r); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(testenv.Root(), ".build")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	wide, narrow := filepath.Join(folder, "report.png"), filepath.Join(folder, "report-narrow.png")
	for _, picture := range []string{wide, narrow} { // of an earlier run
		if err := os.Remove(picture); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	clearFilter := step{Evaluate: `filter.value = ""; filter.dispatchEvent(new Event("input"))`}
	inBrowser(t, chromium, page, []step{
		{Viewport: []int{1280, 900}},
		rows(24),
		{Type: []string{"#filter", "domain controller"}},
		rows(3), // 4, 11 and 18
		{Evaluate: `document.querySelector("#shown").innerText`, want: "3 of 24 shown"},
		clearFilter,
		rows(24),
		{Click: ".tile.unchanged"},
		rows(r.Count("unchanged")),
		{Type: []string{"#filter", "no such machine"}},
		rows(0),
		{Visible: "#none"},
		clearFilter,
		{Click: ".tile.all"},
		{Click: "#joins thead th:nth-child(2) button"}, // by result: failed ones first
		{Evaluate: `document.querySelector("#joins tbody").dataset.kind`, want: "failed"},
		{Click: "#joins tbody:nth-of-type(8) th button"},
		// Another title would mean that a script from the data ran.
		{Evaluate: "document.title", want: "offlinejoin apply · fleet.join.hcl"},
		{Evaluate: `performance.getEntriesByType("resource").length`, want: 0.0},
		{Screenshot: wide},
		{Viewport: []int{900, 900}},
		{Evaluate: noStrip, want: true},
		{Evaluate: wholeWords, want: true},
		{Viewport: []int{1000, 900}},
		{Evaluate: noStrip, want: true},
		{Evaluate: wholeWords, want: true},
		{Viewport: []int{420, 800}},
		{Screenshot: narrow},
		{Media: []string{"prefers-color-scheme", "dark"}},
	})
	for _, picture := range []string{wide, narrow} {
		content, err := os.ReadFile(picture)
		if err != nil || !bytes.HasPrefix(content, []byte("\x89PNG")) {
			t.Errorf("%s is no picture: %d bytes, %v", picture, len(content), err)
		}
		t.Logf("kept %d bytes in %s", len(content), picture)
	}
}

// noStrip evaluates to true when the table has no empty strip at its right, and the page needs no scrolling sideways.
const noStrip = `(() => {
	const cells = Array.from(document.querySelectorAll("#joins thead th")).filter(c => c.offsetParent !== null);
	const gap = document.querySelector("#joins").getBoundingClientRect().right - cells.at(-1).getBoundingClientRect().right;
	return Math.abs(gap) < 3 && document.documentElement.scrollWidth <= window.innerWidth;
})()`

// wholeWords evaluates to true when no word of a path is broken into two lines: what stands between two separators has one
// rectangle. The row with a path that is hostile is not looked at.
const wholeWords = `Array.from(document.querySelectorAll("#joins td.path")).every(cell => {
	const text = cell.firstChild, path = cell.textContent;
	if (!/^[a-z0-9/]+$/i.test(path)) return true;
	for (const word of path.matchAll(/[^/]+/g)) {
		for (const node of cell.childNodes) {
			const at = node.nodeType === Node.TEXT_NODE ? node.data.indexOf(word[0]) : -1;
			if (at < 0) continue;
			const range = document.createRange();
			range.setStart(node, at); range.setEnd(node, at + word[0].length);
			if (range.getClientRects().length !== 1) return false;
		}
	}
	return true;
})`

// rows counts the rows that are shown.
func rows(want int) step {
	return step{
		Evaluate: `Array.from(document.querySelectorAll("#joins tbody")).filter(r => r.offsetParent !== null).length`,
		want:     float64(want),
	}
}

// inBrowser does the steps and compares what they evaluate to. The program that does them is in the module of the tools.
func inBrowser(t *testing.T, chromium, page string, steps []step) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "browser.exe")
	build := exec.CommandContext(t.Context(), testenv.Tool(t, "go"), "-C", filepath.Join(testenv.Root(), "internal", "tools"),
		"build", "-o", program, "./browser")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building internal/tools/browser: %v\n%s", err, out)
	}
	script, err := json.Marshal(steps)
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	use := exec.CommandContext(t.Context(), program, chromium, page)
	use.Stdin, use.Stdout, use.Stderr = bytes.NewReader(script), &stdout, &stderr
	if err := use.Run(); err != nil {
		t.Fatalf("in the browser: %v\n%s", err, stderr.Bytes())
	}
	var results []any
	if err := json.Unmarshal(stdout.Bytes(), &results); err != nil || len(results) != len(steps) {
		t.Fatalf("%d results of %d steps, %v: %s", len(results), len(steps), err, stdout.Bytes())
	}
	for i, s := range steps {
		if s.want != nil && results[i] != s.want {
			t.Errorf("step %d, %s: %v, want %v", i+1, s.Evaluate, results[i], s.want)
		}
	}
}
