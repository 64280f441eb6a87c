package compat_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/compat"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

func TestImagesAreRead(t *testing.T) {
	t.Parallel()
	for _, f := range compat.Fixtures(t) {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			want := f.Status
			want.State = wantState(f)
			if got := status(t, f.Image(t)); got != want {
				t.Errorf("today's status is\n%+v, the commit's was\n%+v", got, want)
			}
		})
	}
}

func TestImagesAreUnstaged(t *testing.T) {
	t.Parallel()
	for _, f := range compat.Fixtures(t) {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			windows := f.Image(t)
			if holds := holdsBlob(t, windows, f.Machine); holds != leavesBlob(f) {
				t.Fatalf("that the fixture holds its blob is %v, so the search or the fixture is wrong", holds)
			}
			if after := unstage(t, windows, ""); after.State != stateAfter(f) {
				t.Errorf("the receipt says %s", after.State)
			}
			wantAsBefore(t, f, windows)
			if holdsBlob(t, windows, f.Machine) {
				t.Error("the image still holds something of the blob")
			}
		})
	}
}

// TestImagesAreStagedAnew puts another join of today in the place of one of the commit.
func TestImagesAreStagedAnew(t *testing.T) {
	t.Parallel()
	needProgram(t)
	for _, name := range []string{
		"registry-armed", "registry-no-hook", "registry-foreign-hook", "registry-retry", "registry-started",
		"registry-failed", "answer-file-new", "answer-file-merged", "answer-file-replaced", "answer-file-drive",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := compat.Named(t, name)
			windows := f.Image(t)
			if holdsPassword(t, windows, f.Machine) != leavesBlob(f) {
				t.Fatal("the search or the fixture is wrong")
			}
			if _, err := stage(t, windows, compat.Blob(t, "WEB09"), ""); err != nil {
				t.Fatal(err)
			}
			if st := status(t, windows); st.State != "staged" || st.MachineName != "WEB09" {
				t.Errorf("status %+v", st)
			}
			if holdsPassword(t, windows, f.Machine) {
				t.Error("the image still holds something of the commit's password")
			}
			unstage(t, windows, "")
			wantAsBefore(t, f, windows)
			if holdsBlob(t, windows, "WEB09") {
				t.Error("the image still holds something of today's blob")
			}
		})
	}
}

// leavesBlob reports whether a fixture still holds its blob: the completion program erases it in the end, and Windows
// Setup leaves the answer file alone.
func leavesBlob(f compat.Fixture) bool {
	return f.Name != "registry-failed" && f.Name != "registry-completed"
}

// wantAsBefore wants an image to be what it was before staging: no record, the hook byte for byte, the answer file byte
// for byte, no program.
func wantAsBefore(t *testing.T, f compat.Fixture, windows string) {
	t.Helper()
	if st := status(t, windows); st.State != stateAfter(f) || st.Fingerprint != "" {
		t.Errorf("status %+v", st)
	}
	if got := hook(t, windows); !reflect.DeepEqual(got, f.Before) {
		t.Errorf("the hook is %v, was %v", got, f.Before)
	}
	if _, err := os.Stat(filepath.Join(windows, "System32", "odjboot.exe")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the completion program is still there:", err)
	}
	wantAnswerFile(t, f, filepath.Dir(windows))
}

// wantAnswerFile wants the answer file that was there, and no other.
func wantAnswerFile(t *testing.T, f compat.Fixture, drive string) {
	t.Helper()
	was := map[string]string{}
	if f.AnswerFile != nil {
		was[f.AnswerFile.Name] = f.AnswerFile.Text
	}
	is := map[string]string{}
	err := filepath.WalkDir(drive, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.EqualFold(filepath.Ext(path), ".xml") {
			name, _ := filepath.Rel(drive, path)
			is[filepath.ToSlash(name)] = string(readFile(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(is, was) {
		t.Errorf("answer files are %q, were %q", is, was)
	}
}

// holdsBlob searches the whole drive for a machine's blob and password.
func holdsBlob(t *testing.T, windows, machine string) bool {
	t.Helper()
	blob := parsed(t, machine)
	return holds(t, windows, canary.ForBlob(blob.Bytes(), blob.MachinePassword()))
}

// holdsPassword searches it for the password alone: the rest of a blob is mostly what another of its domain has, too.
func holdsPassword(t *testing.T, windows, machine string) bool {
	t.Helper()
	password := parsed(t, machine).MachinePassword()
	raw := make([]byte, 0, 2*len(password))
	for _, unit := range password {
		raw = append(raw, byte(unit), byte(unit>>8))
	}
	return holds(t, windows, canary.ForBlob(raw, password))
}

func parsed(t *testing.T, machine string) *odj.Blob {
	t.Helper()
	blob, err := odj.Parse(compat.Blob(t, machine))
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

func holds(t *testing.T, windows string, search *canary.Search) bool {
	t.Helper()
	found, files, err := search.InTree(filepath.Dir(windows), nil)
	if err != nil || files < 12 {
		t.Fatal("searching the drive:", files, err)
	}
	return len(found) > 0
}

// hook reads SetupType and CmdLine as they are, and that our key is gone.
func hook(t *testing.T, windows string) map[string]compat.Value {
	t.Helper()
	path := filepath.Join(windows, "System32", "config", "SYSTEM")
	hive, err := regf.Open(regf.Files{
		Primary: regf.NewMemFile(readFile(t, path)),
		Log1:    regf.NewMemFile(readFile(t, path+".LOG1")),
		Log2:    regf.NewMemFile(readFile(t, path+".LOG2")),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hive.Key(`Setup\OfflineJoin`); !errors.Is(err, regf.ErrNotFound) {
		t.Error("the record is still there:", err)
	}
	setup, err := hive.Key("Setup")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]compat.Value{}
	for _, name := range []string{"SetupType", "CmdLine"} {
		v, err := setup.Value(name)
		if errors.Is(err, regf.ErrNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := v.Data()
		if err != nil {
			t.Fatal(err)
		}
		values[name] = compat.Value{Type: v.Type().String(), Data: data}
	}
	return values
}
