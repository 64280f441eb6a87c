//go:build unix

package sampletest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// TakesBackWhatFails stages into an image whose registry cannot be written, which only shows when the program is in its place: this
// process may write no file as long as the hive's log would be. "Nothing was written" is said then, and so: also somebody
// else's file that has the program's name is what it was. Not for tests that run beside others.
func (e FrontEnd) TakesBackWhatFails(t *testing.T) {
	t.Helper()
	windows := Image(t, sample.Image{})
	_, file := Blob(t)
	ours, err := program.Lookup("amd64")
	if err != nil {
		t.Fatal(err)
	}
	limit := ours.Size + 256<<10
	Edit(t, windows, "SYSTEM", func(h *regf.Hive) error { // what is below our key is zeroed, by way of the log
		key, _, err := h.CreateKey(completion.Key, completion.FileSecurity())
		if err != nil {
			return err
		}
		return key.SetValue("Ballast", regf.Binary, make([]byte, limit+1<<20))
	})
	log := filesOf(windows, "SYSTEM")[1] // as long as the ballast, and not needed
	if err := errors.Join(os.Truncate(log, 0), os.WriteFile(filepath.Join(windows, "System32", completion.ProgramFile), []byte("not ours"), 0o600)); err != nil {
		t.Fatal(err)
	}
	before := Digest(t, filepath.Dir(windows))
	stage, _ := e(t, windows, file)
	lift := limitFiles(t, limit)
	shown := stage()
	lift()
	if !strings.Contains(oneLine(shown), "Nothing was written") || !strings.Contains(oneLine(shown), "file too large") {
		t.Errorf("the user saw\n%s", shown)
	}
	if Digest(t, filepath.Dir(windows)) != before {
		t.Errorf("something was written; the user saw\n%s", shown)
	}
	if stage(); BlobInTree(t, windows) == nil { // without the limit it goes
		t.Error("no join is staged")
	}
}

// limitFiles bounds what this process may write into one file, in bytes, until lift is called.
func limitFiles(t testing.TB, bytes int64) (lift func()) {
	t.Helper()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	limited := was
	limited.Cur = uint64(bytes)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limited); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
			t.Fatal(err)
		}
	}
}
