package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// webClaim is what a stage of WEB01's blob into an image claims.
func webClaim(image string) ledger.Claim {
	return ledger.Claim{
		Account:     ledger.NewAccount("S-1-5-21-1004336348-1177238915-682003330", 1107, "", "corp.example.com", "WEB01"),
		Fingerprint: strings.Repeat("4f", 32), // of the blob
		Image:       ledger.Image{Path: image, Place: "file:/images/" + image + ".img|/Windows"},
		By:          "example/1.0",
	}
}

// An account that was staged into one image is refused for another, until the first join is taken back.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	l := ledger.Open(filepath.Join(dir, "ledger.jsonl"), 0)

	use, err := l.Begin(ctx, webClaim("web01"))
	if err != nil {
		fmt.Println(err)
		return
	}
	// The join is staged here. Cancel in place of Commit records that it was not.
	fmt.Println("web01:", use.Commit(ctx))

	_, err = l.Begin(ctx, webClaim("web02"))
	code, _ := winerr.CodeOf(err)
	fmt.Println("web02:", code == winerr.AccountReuseBlocked)

	first := webClaim("web01")
	known, err := l.Unstaged(ctx, first.Image, first.Fingerprint, "example/1.0")
	fmt.Println("web01 taken back:", known, err)

	use, err = l.Begin(ctx, webClaim("web02"))
	fmt.Println("web02 again:", err)
	fmt.Println(use.Cancel(ctx))
	// Output:
	// web01: <nil>
	// web02: true
	// web01 taken back: true <nil>
	// web02 again: <nil>
	// <nil>
}

// A dry run looks into the ledgers and records nothing.
func ExampleCheck() {
	ctx := context.Background()
	run := ledger.NewRun()
	for range 2 {
		warnings, known, err := ledger.Check(ctx, webClaim("web01"), run, nil)
		fmt.Println(warnings, known, err)
	}
	entries, err := run.Entries(ctx)
	fmt.Println(len(entries), "lines", err)
	// Output:
	// [] false <nil>
	// [] false <nil>
	// 0 lines <nil>
}

// Without a file, a ledger in memory keeps the images of one run from sharing an account.
func ExampleNewRun() {
	ctx := context.Background()
	run := ledger.NewRun()
	for _, image := range []string{"web01", "web02", "web01"} {
		use, err := run.Begin(ctx, webClaim(image))
		var refusal *winerr.Error
		if errors.As(err, &refusal) {
			fmt.Println(image, "is refused with", int(refusal.Code))
			continue
		}
		fmt.Println(image, "is staged for the first time:", len(use.Earlier()) == 0, use.Commit(ctx))
	}
	// Output:
	// web01 is staged for the first time: true <nil>
	// web02 is refused with 2732
	// web01 is staged for the first time: false <nil>
}
