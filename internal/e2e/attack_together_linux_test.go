package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// togetherAttacks lets many runs want the same at the same time.
func togetherAttacks(t *testing.T, p programs) {
	t.Run("one image", func(t *testing.T) { manyIntoOne(t, p) })
	t.Run("many images", func(t *testing.T) { oneIntoMany(t, p) })
	t.Run("one new disk", func(t *testing.T) { manyMakeOne(t, p) })
	t.Run("everything", func(t *testing.T) { everythingAtOnce(t, p) })
}

// atOnce runs the lines at the same time.
func (a *attacked) atOnce(t *testing.T, lines [][]string) []ran {
	t.Helper()
	ended := make([]ran, len(lines))
	var all sync.WaitGroup
	for i, line := range lines {
		all.Go(func() { ended[i] = a.run(t, line...) })
	}
	all.Wait()
	return ended
}

func (c *tally) addAll(ended []ran) {
	for _, r := range ended {
		c.add(r)
	}
}

// saying counts the runs whose output has a text.
func saying(ended []ran, text string) int {
	n := 0
	for _, r := range ended {
		if strings.Contains(r.out+r.errors, text) {
			n++
		}
	}
	return n
}

// ledgerLines counts the lines of a ledger.
func ledgerLines(t *testing.T, file string) int {
	t.Helper()
	content, err := os.ReadFile(file)
	must(t, err)
	return strings.Count(string(content), "\n")
}

// manyIntoOne stages one blob into one image: one run does it, the others find it done.
func manyIntoOne(t *testing.T, p programs) {
	a := newAttacked(t, p)
	windows, ledger := sampleImage(t, filepath.Join(a.dir, "image")), filepath.Join(a.dir, "ledger")
	n := long(32, 8)
	var lines [][]string
	for range n {
		lines = append(lines, []string{"stage", "--windows-path", windows, "--blob-file", a.blob, "--ledger-file", ledger, "--lock-timeout", "80s"})
	}
	ended := a.atOnce(t, lines)
	var count tally
	count.addAll(ended)
	staged, already := saying(ended, "Staged WEB01"), saying(ended, "in the image already")
	if staged != 1 || already != n-1 || ledgerLines(t, ledger) != 2 {
		t.Errorf("%d staged, %d found it staged, %d lines in the ledger", staged, already, ledgerLines(t, ledger))
	}
	isWhole(t, windows)
	seen(t, fmt.Sprintf("%d stages of one blob into one image at once", n), "one stages, the others find it staged; 2 lines in the ledger",
		fmt.Sprintf("%d staged, %d found it staged, %d lines; %s", staged, already, ledgerLines(t, ledger), &count))
}

// oneIntoMany stages one blob into many images with one ledger: one of them gets it.
func oneIntoMany(t *testing.T, p programs) {
	a := newAttacked(t, p)
	ledger := filepath.Join(a.dir, "ledger")
	n := long(16, 6)
	var lines [][]string
	for i := range n {
		windows := sampleImage(t, filepath.Join(a.dir, fmt.Sprint("image", i)))
		lines = append(lines, []string{"stage", "--windows-path", windows, "--blob-file", a.blob, "--ledger-file", ledger, "--lock-timeout", "80s"})
	}
	ended := a.atOnce(t, lines)
	var count tally
	count.addAll(ended)
	holding := 0
	for _, line := range lines {
		if stateOf(t, p, line[2]) == core.StateStaged {
			holding++
		}
	}
	if count.good != 1 || holding != 1 || count.refused["2732 NERR_AccountReuseBlockedByPolicy"] != n-1 {
		t.Errorf("%d images hold the join; %s", holding, &count)
	}
	seen(t, fmt.Sprintf("one blob into %d images at once with one ledger", n), "one image gets it, the others are refused (2732)",
		fmt.Sprintf("%d images hold it; %s", holding, &count))
}

// manyMakeOne makes one new disk with blobs of its own each: one of them makes it, and it is whole.
func manyMakeOne(t *testing.T, p programs) {
	for _, word := range []string{"--overlay-path", "--copy-path"} {
		a := newAttacked(t, p)
		golden, disk := filepath.Join(a.dir, "golden.qcow2"), filepath.Join(a.dir, "web.qcow2")
		must(t, os.Rename(sampletest.Golden(t, sample.Image{}), golden))
		before := must1(os.ReadFile(golden))(t)
		n := long(16, 6)
		var lines [][]string
		for i := range n {
			name := fmt.Sprintf("WEB%02d", i)
			_, file := sampletest.BlobFor(t, name, uint32(3000+i))
			lines = append(lines, []string{"stage", "--image-path", golden, word, disk, "--blob-file", file, "--lock-timeout", "80s"})
		}
		ended := a.atOnce(t, lines)
		var count tally
		count.addAll(ended)
		status := a.run(t, "status", "--image-path", disk)
		winner := ""
		for i, r := range ended {
			if r.code == 0 {
				winner = fmt.Sprintf("WEB%02d", i)
			}
		}
		if count.good != 1 || !strings.Contains(status.out, winner+" →") {
			t.Errorf("%s: %s; the disk: %s", word, &count, status.out)
		}
		if string(before) != string(must1(os.ReadFile(golden))(t)) {
			t.Errorf("%s: the golden image has changed", word)
		}
		entries, err := os.ReadDir(a.dir)
		must(t, err)
		const expected = 4 // blob, victim, golden image, disk
		if len(entries) != expected {
			t.Errorf("%s: there are %v", word, entries)
		}
		seen(t, fmt.Sprintf("%d runs make one new disk at once (%s)", n, word), "one makes it, the others are refused; nothing is left beside it",
			fmt.Sprintf("%s made it; %s; %d files in the folder", winner, &count, len(entries)))
	}
}

// everythingAtOnce stages, replaces, takes back, reads and checks one image at once.
func everythingAtOnce(t *testing.T, p programs) {
	a := newAttacked(t, p)
	windows, ledger := sampleImage(t, filepath.Join(a.dir, "image")), filepath.Join(a.dir, "ledger")
	_, other := sampletest.BlobFor(t, "WEB02", 1108)
	system := filepath.Join(configOf(windows), "SYSTEM")
	var count tally
	rounds := long(12, 2)
	for range rounds {
		var lines [][]string
		for range 2 {
			lines = append(lines,
				[]string{"stage", "--windows-path", windows, "--blob-file", a.blob, "--ledger-file", ledger, "--on-existing", "replace"},
				[]string{"stage", "--windows-path", windows, "--blob-file", other, "--ledger-file", ledger, "--on-existing", "replace"},
				[]string{"unstage", "--windows-path", windows, "--ledger-file", ledger},
				[]string{"status", "--windows-path", windows}, []string{"inspect", "image", windows},
				[]string{"stage", "--windows-path", windows, "--blob-file", a.blob, "--dry-run"},
				[]string{"hive", "check", system}, []string{"ledger", "list", "--ledger-file", ledger},
			)
		}
		ended := a.atOnce(t, lines)
		count.addAll(ended)
		for _, r := range ended {
			if r.args[0] == "hive" && strings.Contains(r.errors, "is damaged") {
				t.Errorf("hive check of a hive that others change: %s", r.errors)
			}
		}
		isWhole(t, windows)
	}
	if r := a.run(t, "unstage", "--windows-path", windows, "--ledger-file", ledger); r.code != 0 {
		t.Error(r.errors)
	}
	left := a.run(t, "ledger", "list", "--ledger-file", ledger)
	if !strings.Contains(left.out, "No account is in use") {
		t.Errorf("after the join was taken back the ledger says: %s", left.out)
	}
	wellAfterwards(t, a, windows)
	seen(t, fmt.Sprintf("%d times 16 runs at once on one image: stage, replace, unstage, status, inspect, dry run, check, ledger", rounds),
		"the image is whole after each round; at the end no account is in use", &count)
}
