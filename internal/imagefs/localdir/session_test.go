package localdir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// session makes a drive with the given files and opens the image whose Windows directory is at windows in it.
func session(t *testing.T, windows string, files map[string]string) (*localdir.Session, string) {
	t.Helper()
	_, drive := tree(t, files)
	s, err := localdir.Open(filepath.Join(drive, windows))
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s, drive
}

func TestSessionIsRootedAtTheDrive(t *testing.T) {
	t.Parallel()
	s, drive := session(t, "Windows", map[string]string{
		"Windows/System32/config/SYSTEM": "hive", "Unattend.xml": "answers",
	})
	if s.Windows() != "Windows" || !s.DriveKnown() || s.String() != filepath.Join(drive, "Windows") {
		t.Errorf("%s: %s, %v", s, s.Windows(), s.DriveKnown())
	}
	for name, want := range map[string]string{
		"Windows/System32/config/SYSTEM": "hive", "WINDOWS/system32/CONFIG/system": "hive", "unattend.XML": "answers",
	} {
		f, err := s.Open(name)
		must(t, err)
		if got := read(t, f); got != want {
			t.Errorf("%s holds %q", name, got)
		}
		must(t, f.Close())
	}
	if got, want := s.Path("Windows/System32"), filepath.Join(drive, "Windows", "System32"); got != want {
		t.Errorf("Path = %s, want %s", got, want)
	}
	if got, want := s.Path("Unattend.xml"), filepath.Join(drive, "Unattend.xml"); got != want {
		t.Errorf("Path = %s, want %s", got, want)
	}
	entries, err := s.ReadDir("Windows")
	if err != nil || len(entries) != 1 {
		t.Errorf("ReadDir: %v, %v", entries, err)
	}
	if info, err := s.Stat("Windows"); err != nil || !info.IsDir {
		t.Errorf("Stat: %+v, %v", info, err)
	}
}

// A Windows directory that was copied somewhere under another name has no drive around it: an answer file that lies
// beside it by chance is not Setup's.
func TestSessionWithoutADrive(t *testing.T) {
	t.Parallel()
	s, _ := session(t, "web01", map[string]string{"web01/System32/f": "x", "Unattend.xml": "not of this image"})
	if s.Windows() != "web01" || s.DriveKnown() {
		t.Errorf("%s, %v", s.Windows(), s.DriveKnown())
	}
	if _, err := s.Open("web01/system32/F"); err != nil {
		t.Error(err)
	}
	_, err := s.Open("Unattend.xml")
	wantCode(t, err, winerr.FileNotFound)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v does not match fs.ErrNotExist", err)
	}
	for _, bad := range []string{"..", "../x", `a\b`, ""} {
		_, err := s.Open(bad)
		wantCode(t, err, winerr.InvalidParameter)
	}
	wantCode(t, s.Remove("Unattend.xml"), winerr.FileNotFound)
	_, err = s.Create("new.xml")
	wantCode(t, err, winerr.FileNotFound)
}

func TestSessionOfAPathWithoutALastName(t *testing.T) {
	_, drive := tree(t, map[string]string{"Windows/System32/f": "x"})
	t.Chdir(filepath.Join(drive, "Windows"))
	for _, path := range []string{".", "../Windows/.", filepath.Join("System32", "..")} {
		s, err := localdir.Open(path)
		must(t, err)
		if _, err := s.Open(s.Windows() + "/System32/f"); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		must(t, s.Close())
	}
	_, err := localdir.Open("")
	wantCode(t, err, winerr.InvalidParameter, "no Windows directory was given")
}

func TestSessionCountsWhatItWrites(t *testing.T) {
	t.Parallel()
	s, drive := session(t, "Windows", map[string]string{"Windows/System32/f": "x", "Unattend.xml": "answers"})
	f, err := s.Create("Windows/System32/new")
	must(t, err)
	_, err = f.WriteAt(make([]byte, 1000), 0)
	must(t, err)
	must(t, errors.Join(f.Sync(), f.Close(), s.SyncDir("Windows/System32")))
	g, err := s.OpenWrite("Unattend.xml")
	must(t, err)
	_, err = g.WriteAt([]byte("more"), 0)
	must(t, errors.Join(err, g.Close()))
	must(t, s.Prepare(t.Context()))
	cost, err := s.Commit(t.Context())
	if err != nil || cost != (imagefs.Cost{Bytes: 1004, Syncs: 2}) {
		t.Errorf("Commit = %+v, %v", cost, err)
	}
	must(t, s.Rename("Windows/System32/new", "newer"))
	must(t, s.Mkdir("Windows/Panther"))
	must(t, s.RemoveDir("Windows/Panther"))
	must(t, s.Remove("Windows/System32/newer"))
	if _, err := os.Stat(filepath.Join(drive, "Windows", "System32", "new")); err == nil {
		t.Error("the file is still there")
	}
}
