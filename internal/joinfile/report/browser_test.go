package report_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/report"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestPageInABrowser opens a report in Chromium, filters and sorts its table as a user does, and takes a screenshot,
// which stays in .build/report.png to be looked at.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "report.html")
	r := sampleReport(24)
	r.Joins[5].Join, r.Joins[5].WindowsPath = hostile, hostile
	r.Joins[5].Receipt.Blob.MachineName = hostile
	if err := report.Write(page, r); err != nil {
		t.Fatal(err)
	}
	ctx := browser(t)
	var title, text string
	var requests int
	var picture, narrow []byte
	rows := func(want int) chromedp.Action { return countRows(t, want) }
	err := chromedp.Run(ctx,
		chromedp.EmulateViewport(1280, 900),
		chromedp.Navigate((&url.URL{Scheme: "file", Path: page}).String()),
		rows(24),
		chromedp.SendKeys("#filter", "domain controller", chromedp.ByID),
		rows(3), // 4, 11 and 18
		chromedp.Text("#shown", &text, chromedp.ByID),
		clearFilter(),
		rows(24),
		chromedp.Click(".tile.unchanged", chromedp.ByQuery),
		rows(r.Count("unchanged")),
		chromedp.SendKeys("#filter", "no such machine", chromedp.ByID),
		rows(0),
		chromedp.WaitVisible("#none", chromedp.ByID),
		clearFilter(),
		chromedp.Click(".tile.all", chromedp.ByQuery),
		chromedp.Click(`#joins thead th:nth-child(2) button`, chromedp.ByQuery), // by result: failed ones first
		firstRow(t, "failed"),
		chromedp.Click(`#joins tbody:nth-of-type(8) th button`, chromedp.ByQuery),
		chromedp.Title(&title),
		chromedp.Evaluate(`performance.getEntriesByType("resource").length`, &requests),
		chromedp.FullScreenshot(&picture, 100),
		chromedp.EmulateViewport(420, 800),
		chromedp.FullScreenshot(&narrow, 100),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}),
	)
	if err != nil {
		t.Fatal(err)
	}
	if title != "offlinejoin apply · fleet.join.hcl" {
		t.Errorf("the title is %q: a script from the data ran", title)
	}
	if text != "3 of 24 shown" || requests != 0 {
		t.Errorf("it says %q, and has loaded %d things", text, requests)
	}
	keep(t, "report.png", picture)
	keep(t, "report-narrow.png", narrow)
}

// browser starts Chromium with a profile of its own and ends it with the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(testenv.Tool(t, "chromium")), chromedp.UserDataDir(profile(t)),
		chromedp.NoFirstRun, chromedp.Headless, chromedp.DisableGPU, chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.WSURLReadTimeout(time.Minute),
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// profile makes the browser's folder. Its processes may write for a moment after the browser has ended, so t.TempDir does
// not fit: it is removed again and again until it stays away.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "offlinejoin-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 100 {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Logf("the browser's folder is left: %v", err)
	})
	return dir
}

// clearFilter empties the field as a user does.
func clearFilter() chromedp.Action {
	return chromedp.Evaluate(`filter.value = ""; filter.dispatchEvent(new Event("input"))`, nil)
}

func countRows(t *testing.T, want int) chromedp.Action {
	t.Helper()
	return chromedp.ActionFunc(func(ctx context.Context) error {
		var shown int
		const script = `Array.from(document.querySelectorAll("#joins tbody")).filter(r => r.offsetParent !== null).length`
		err := chromedp.Evaluate(script, &shown).Do(ctx)
		if err == nil && shown != want {
			t.Errorf("%d rows are shown, want %d", shown, want)
		}
		return err
	})
}

func firstRow(t *testing.T, want string) chromedp.Action {
	t.Helper()
	return chromedp.ActionFunc(func(ctx context.Context) error {
		var kind string
		err := chromedp.Evaluate(`document.querySelector("#joins tbody").dataset.kind`, &kind).Do(ctx)
		if err == nil && kind != want {
			t.Errorf("the first row is %q, want %q", kind, want)
		}
		return err
	})
}

func keep(t *testing.T, name string, picture []byte) {
	t.Helper()
	folder := filepath.Join(testenv.Root(), ".build")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), picture, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Logf("kept %d bytes in .build/%s", len(picture), name)
}
