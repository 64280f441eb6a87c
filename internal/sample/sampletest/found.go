package sampletest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// FrontEnd stages the join of a blob file into an image and takes it back, as one of its users does, and returns what that user is
// shown, errors too.
type FrontEnd func(t *testing.T, windows, blobFile string) (stage, unstage func() string)

// found is something that an image has before a join is staged into it.
type found struct {
	// leave puts it there. Where again says so, it is left once more before the join is taken back.
	leave func(t testing.TB, windows string)
	again bool
	// What the user is told of it; "": nothing.
	staging, unstaging string
	// What the image has then; nil: nothing to look at.
	staged, unstaged func(t testing.TB, windows string)
}

// What is told of a program and of a hook that somebody else has put there.
const (
	replaces   = "is replaced, and does not come back"
	removesAny = "is not the program that was staged"
	runsOther  = "runs another command"
)

// things returns what may be in an image: a key that others may read, leftovers of a run that was killed, a file of the program's
// name, and every form of a boot hook.
func things() map[string]found {
	leftover := func(windows string) string { return filepath.Join(windows, "System32", "odjboot.tmp") }
	program := func(windows string) string { return filepath.Join(windows, "System32", completion.ProgramFile) }
	put := func(path func(string) string, content string) func(testing.TB, string) {
		return func(t testing.TB, windows string) {
			if err := os.WriteFile(path(windows), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	gone := func(path func(string) string) func(testing.TB, string) {
		return func(t testing.TB, windows string) {
			if _, err := os.Lstat(path(windows)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is still there: %v", path(windows), err)
			}
		}
	}
	const theirs = "not ours"
	all := map[string]found{
		"a prepared key": {leave: prepareKey, staged: keyIsOurs},
		"a leftover":     {leave: put(leftover, "MZ"), again: true, staged: gone(leftover), unstaged: gone(leftover)},
		"a file of the program's name": {
			leave: put(program, theirs), again: true, staging: replaces, unstaging: removesAny,
			staged: func(t testing.TB, windows string) {
				if now, err := os.ReadFile(program(windows)); err != nil || string(now) == theirs {
					t.Errorf("the program has %d bytes, %v", len(now), err)
				}
			},
			unstaged: gone(program),
		},
	}
	for name, hook := range Hooks() {
		f := found{leave: hook.Set, unstaged: hook.CameBack}
		if hook.Foreign {
			f.staging = runsOther
		}
		all["a hook, "+name] = f
	}
	return all
}

// prepareKey makes our key as somebody would who wants to read what comes into it.
func prepareKey(t testing.TB, windows string) {
	t.Helper()
	Edit(t, windows, "SYSTEM", func(h *regf.Hive) error {
		_, _, err := h.CreateKey(completion.Key, completion.FileSecurity())
		if err == nil {
			_, _, err = h.CreateKey(completion.Key+`\Trap`, nil)
		}
		return err
	})
}

// keyIsOurs fails the test where our key has not the access rights of ours, or something below it.
func keyIsOurs(t testing.TB, windows string) {
	t.Helper()
	h, _ := openHive(t, windows, "SYSTEM")
	key, err := h.Key(completion.Key)
	if err != nil {
		t.Fatal(err)
	}
	if security, err := key.Security(); err != nil || !bytes.Equal(security, completion.KeySecurity()) {
		t.Errorf("the key has the access rights % x, %v", security, err)
	}
	if _, err := h.Key(completion.Key + `\Trap`); !errors.Is(err, regf.ErrNotFound) {
		t.Errorf("what was below the key: %v", err)
	}
}

// FindsThings stages into images that have something already, and takes that back.
func (e FrontEnd) FindsThings(t *testing.T) {
	for name, f := range things() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			windows := Image(t, sample.Image{})
			blob, file := Blob(t)
			f.leave(t, windows)
			stage, unstage := e(t, windows, file)
			shown := stage()
			tells(t, shown, f.staging)
			if in := BlobInTree(t, windows); in.Fingerprint() != blob.Fingerprint() {
				t.Fatalf("the image holds another join; the user saw\n%s", shown)
			}
			if f.staged != nil {
				f.staged(t, windows)
			}
			if f.again {
				f.leave(t, windows)
			}
			shown = unstage()
			tells(t, shown, f.unstaging)
			h, _ := openHive(t, windows, "SYSTEM")
			if _, err := h.Key(completion.Key); !errors.Is(err, regf.ErrNotFound) {
				t.Errorf("the record is still there: %v; the user saw\n%s", err, shown)
			}
			if f.unstaged != nil {
				f.unstaged(t, windows)
			}
		})
	}
}

// tells fails the test where the user was not told a sentence once, and no other of those that tell of things.
func tells(t testing.TB, shown, want string) {
	t.Helper()
	for _, sentence := range []string{replaces, removesAny, runsOther} {
		times := 0
		if sentence == want {
			times = 1
		}
		if got := strings.Count(oneLine(shown), sentence); got != times {
			t.Errorf("%q was told %d times, and not %d; the user saw\n%s", sentence, got, times, shown)
		}
	}
}

// oneLine undoes the line breaks of whoever shows a text.
func oneLine(shown string) string { return strings.Join(strings.Fields(shown), " ") }
