package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func content(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func add(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // WriteString has told
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// Every possible torn tail: the file is cut at each of its bytes. What a whole line has promised is kept, and the next
// use goes on.
func TestAFileCutAnywhereGoesOn(t *testing.T) {
	t.Parallel()
	l, path := newFile(t)
	stage(t, l, claim(1, "one", "a"))
	whole := content(t, path)
	intent := bytes.IndexByte(whole, '\n') + 1
	for cut := range whole {
		if far := min(cut, max(cut-intent, intent-cut), len(whole)-cut); far > 3 && cut%31 != 0 {
			continue // all cuts near the ends of the lines, and some between
		}
		cutPath := filepath.Join(t.TempDir(), "l")
		if err := os.WriteFile(cutPath, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		l := ledger.Open(cutPath, 0)
		if unmistakable := len(`{"v":2,"event":"`); cut > 0 && cut < unmistakable { // it may be any file of somebody's
			_, err := l.Begin(t.Context(), claim(2, "two", "b"))
			if code, _ := winerr.CodeOf(err); code != winerr.InvalidParameter || !bytes.Equal(content(t, cutPath), whole[:cut]) {
				t.Errorf("cut at %d: error %v, now %q", cut, err, content(t, cutPath))
			}
			continue
		}
		if cut >= intent-1 { // without its newline a whole line is whole
			refused(t, l, claim(1, "one", "b"))
		}
		stage(t, l, claim(2, "two", "b"))
		refused(t, l, claim(2, "two", "c"))
		if cut >= intent-1 {
			refused(t, l, claim(1, "one", "b"))
		}
		if after := content(t, cutPath); !bytes.HasSuffix(after, []byte("\n")) || bytes.Contains(after, []byte("\n\n")) {
			t.Fatalf("cut at %d: the lines are not whole:\n%s", cut, after)
		}
	}
}

// What a loss of power has kept room for, and not filled.
func TestAFileThatEndsWithZerosGoesOn(t *testing.T) {
	t.Parallel()
	for _, tail := range []string{"", `{`, `{"v":2,"event":"sta`} {
		l, path := newFile(t)
		stage(t, l, claim(1, "one", "a"))
		whole := string(content(t, path))
		add(t, path, tail+strings.Repeat("\x00", 500))
		refused(t, l, claim(1, "one", "b"))
		stage(t, l, claim(2, "two", "b"))
		if after := string(content(t, path)); !strings.HasPrefix(after, whole+`{"v":`) || strings.Contains(after, "\x00") {
			t.Errorf("%q: the lines are not whole:\n%q", tail, after)
		}
	}
}

func TestDamageIsRefusedForItMayHideAUse(t *testing.T) {
	t.Parallel()
	good := func() string {
		l, path := newFile(t)
		stage(t, l, claim(1, "one", "a"))
		return string(content(t, path))
	}()
	for want, text := range map[string]string{
		"line 3 is damaged":                 good + "{\"v\":2,\"event\":\"sta\n" + good,
		"is not a ledger":                   "hello\n",
		"name another file":                 "AGE-SECRET-KEY-1QQ", // no newline: still not ours to cut off
		"first line is none":                "\n\n# a key\nAGE-SECRET-KEY-1QQ\n",
		"line 1 is damaged, so nobody can ": `{"v":1,"data":"somebody's"`,
		"line 3 is damaged, so nobody":      good + "somebody's",
		"and may be somebody's only copy":   strings.Repeat("x", 70<<10) + "\n",
		"line 3 was written by a newer ver": good + `{"v":3}` + "\n",
		"line 3 was written by a newer":     good + `{"v":3}`,
		"line 1 is damaged, so nobody":      strings.Replace(good, `"v":2`, `"v":0`, 1),
		"line 1 is damaged, so nobody ca":   strings.ReplaceAll(good, "\n", ""),
		"line 1 is damaged, so nobody c":    strings.ReplaceAll(strings.Repeat(good, 500), "\n", ""),
		"line 3 is damaged, so nob":         good + strings.ReplaceAll(good, "\n", ""),
		"line 3 is damaged, so no":          good + strings.Repeat("\x00", 1<<20),
		"line 3 is damaged, so n":           good + `{"v":2,"event":"` + strings.Repeat("x", 1<<20),
		"line 3 is damaged, so ":            good + `{"v":2,"event":"staged","id":""}`,
		"line 2 is damaged":                 strings.Replace(good, `"event":"staged"`, `"event":"other"`, 1),
	} {
		l, path := newFile(t)
		add(t, path, text)
		_, err := l.Begin(t.Context(), claim(2, "two", "b"))
		if code, _ := winerr.CodeOf(err); code != winerr.InvalidParameter || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if got := content(t, path); string(got) != text {
			t.Errorf("%s: the ledger was changed", want)
		}
	}
}

func TestTheFileIsPrivate(t *testing.T) {
	t.Parallel()
	l, path := newFile(t)
	stage(t, l, claim(1, "one", "a"))
	for _, name := range []string{path, path + ".lock"} {
		info, err := os.Lstat(name)
		if err != nil || info.Mode().Perm() != 0o600 && os.PathSeparator == '/' {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
}

func TestWhatIsNoLedgerFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, code := range map[string]winerr.Code{
		dir:                               winerr.InvalidParameter,
		filepath.Join(dir, "none", "l"):   winerr.FileNotFound,
		filepath.Join(dir, "huge.jsonl"):  winerr.InvalidParameter,
		filepath.Join(dir, "other.jsonl"): winerr.InvalidParameter,
	} {
		switch filepath.Base(name) {
		case "huge.jsonl":
			add(t, name, "")
			if err := os.Truncate(name, 65<<20); err != nil {
				t.Fatal(err)
			}
		case "other.jsonl":
			add(t, name, "%PDF-1.7\n")
		}
		_, err := ledger.Open(name, 0).Begin(t.Context(), claim(1, "one", "a"))
		if got, _ := winerr.CodeOf(err); got != code || !strings.Contains(err.Error(), filepath.Base(name)) {
			t.Errorf("%s: error %v, want code %d", name, err, code)
		}
	}
}

func TestWaitingForTheLockEnds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "l")
	holder := flock.New(path + ".lock")
	if _, err := holder.TryLock(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }() // a test's lock
	_, err := ledger.Open(path, time.Millisecond).Begin(t.Context(), claim(1, "one", "a"))
	if code, _ := winerr.CodeOf(err); code != winerr.Busy {
		t.Errorf("error %v, want code 170", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = ledger.Open(path, 0).Begin(ctx, claim(1, "one", "a"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want one that wraps context.Canceled", err)
	}
}

// Who was asked to stop still tells what has happened, but does not wait for as long as others may.
func TestAStoppedRunTellsTheLedgerAndDoesNotWaitForLong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "l")
	l := ledger.Open(path, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	told, kept := begin(t, l, claim(1, "one", "a")), begin(t, l, claim(2, "two", "b"))
	cancel()
	if err := told.Commit(ctx); err != nil {
		t.Error(err)
	}
	holder := flock.New(path + ".lock")
	if _, err := holder.TryLock(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }() // a test's lock
	if err := kept.Commit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want one that wraps context.Canceled", err)
	}
	if got := force(t, l); got[0].Event != ledger.EventStaged || got[1].Event != ledger.EventIntent {
		t.Errorf("in force: %+v", got)
	}
}

// A fleet stages a hundred images at once. Each of the ten accounts is asked for ten images, and gets one.
func TestAHundredAtOnce(t *testing.T) {
	t.Parallel()
	for kind, l := range kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			var all sync.WaitGroup
			passed := make(chan int, 100)
			for i := range 100 {
				all.Go(func() {
					account := i % 10
					use, err := l.Begin(t.Context(), claim(account, string(rune('0'+account)), string(rune('a'+i/10))))
					if code, _ := winerr.CodeOf(err); code == winerr.AccountReuseBlocked {
						return
					}
					if err == nil {
						err = use.Commit(t.Context())
					}
					if err != nil {
						t.Error(err)
					}
					passed <- account
				})
			}
			all.Wait()
			close(passed)
			times := map[int]int{}
			for account := range passed {
				times[account]++
			}
			for account := range 10 {
				if times[account] != 1 {
					t.Errorf("account %d passed %d times, want 1", account, times[account])
				}
			}
			if got := len(force(t, l)); got != 10 {
				t.Errorf("%d uses in force, want 10", got)
			}
		})
	}
}

// BenchmarkBegin begins and cancels a use in a ledger of 10,000 lines about others.
func BenchmarkBegin(b *testing.B) {
	l, path := newFile(b)
	stage(b, l, claim(2, "two", "b"))
	stage(b, l, claim(3, "three", "c"))
	line, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Repeat(line, 2500), 0o600); err != nil { // 10,000 lines
		b.Fatal(err)
	}
	for b.Loop() {
		use := begin(b, l, claim(1, "one", "a"))
		if err := use.Cancel(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
