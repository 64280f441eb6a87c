package answerfile

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// A file that is put back has the mode and the time that it had; with the join in it, only its owner reads it.
func TestAttributesComeBack(t *testing.T) {
	t.Parallel()
	const cached = "Windows/Panther/unattend.xml"
	img, root := image(t, map[string]string{cached: head + specialize(shell("amd64", computerName("WEB01"))) + tail})
	file := filepath.Join(root, filepath.FromSlash(cached))
	long := time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC)
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, long, long); err != nil {
		t.Fatal(err)
	}
	before := stat(t, file)
	record := staged(t, img, Options{})
	if mode := stat(t, file).Mode().Perm(); runtime.GOOS != "windows" && mode != 0o600 {
		t.Errorf("with the join the mode is %v", mode)
	}
	if removal := unstaged(t, img, record); removal.Outcome != Restored || len(removal.Notes) != 0 {
		t.Fatalf("%+v", removal)
	}
	after := stat(t, file)
	if after.Mode() != before.Mode() || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("%v %v, want %v %v", after.Mode(), after.ModTime(), before.Mode(), before.ModTime())
	}

	// A file that was changed in between gets its mode back, but not a time that would hide the change.
	record = staged(t, img, Options{})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, "<!-- more -->"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if removal := unstaged(t, img, record); removal.Outcome == Restored {
		t.Fatalf("%+v", removal)
	}
	after = stat(t, file)
	if after.Mode() != before.Mode() || after.ModTime().Equal(before.ModTime()) {
		t.Errorf("changed since: %v %v", after.Mode(), after.ModTime())
	}
}

func stat(t *testing.T, file string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// A time that has no text form is left out of the record, whose text cannot fail.
func TestTimesWithoutATextAreNotRecorded(t *testing.T) {
	t.Parallel()
	good := time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, when := range []time.Time{time.Unix(1<<45, 0), time.Unix(-1<<45, 0), {}} {
		r := &Record{Name: "Panther/unattend.xml"}
		r.remember(imagefs.Attributes{Mode: 0o640, ModTime: when, Created: when, Accessed: good})
		again, err := ParseRecord(r.Text())
		if err != nil || !again.ModTime.IsZero() || !again.Created.IsZero() || !again.Accessed.Equal(good) || *again.Mode != 0o640 {
			t.Errorf("%v: %+v, %v", when.Unix(), again, err)
		}
	}
}
