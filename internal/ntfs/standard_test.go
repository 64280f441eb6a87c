package ntfs

import (
	"errors"
	"io/fs"
	"testing"
	"time"
)

// TestSetStandard sets times and attributes of a file, which its directory has, too, and leaves everything else as it is.
func TestSetStandard(t *testing.T) {
	t.Parallel()
	m := populated(t, 512, 1024)
	const name, other = "Windows/System32/config/SYSTEM", "Windows/System32/config/SAM"
	stat := func(path string) Info {
		t.Helper()
		v, err := Open(m, int64(len(m)))
		if err != nil {
			t.Fatal(err)
		}
		info, err := v.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	set := func(path string, s Standard) {
		t.Helper()
		tx := m.begin(t, Options{})
		if err := tx.SetStandard(path, s); err != nil {
			t.Fatal(err)
		}
		p, err := tx.Plan()
		if err != nil {
			t.Fatal(err)
		}
		m.apply(p)
	}
	made, changed, read := testTime().AddDate(-9, 0, 0), testTime().Add(-time.Hour), time.Date(1601, 1, 1, 0, 0, 1, 200, time.UTC)
	beside := stat(other)
	set(name, Standard{Created: made, Modified: changed, Accessed: read, Attributes: FileHidden | FileReadOnly})
	want := stat(name)
	if !want.Created.Equal(made) || !want.Modified.Equal(changed) || !want.Accessed.Equal(read) || want.Attributes != FileHidden|FileReadOnly {
		t.Errorf("%+v", want)
	}
	v, err := Open(m, int64(len(m)))
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, v, name, noise(70_000, 1))
	entries, err := v.ReadDir("Windows/System32/config")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name == "SYSTEM" && e.Attributes != FileHidden|FileReadOnly {
			t.Errorf("the directory has the attributes %#x", e.Attributes)
		}
	}
	set(name, Standard{Modified: made, Attributes: FileArchive})
	if got := stat(name); !got.Created.Equal(made) || !got.Modified.Equal(made) || !got.Accessed.Equal(read) || got.Attributes != FileArchive {
		t.Errorf("with one time: %+v", got)
	}
	if got := stat(other); got != beside {
		t.Errorf("another file has changed: %+v", got)
	}
	judge(t, saved(t, m), nil)

	for path, s := range map[string]Standard{
		"Windows":      {},
		"hiberfil.sys": {Attributes: FileCompressed},
		name:           {Modified: time.Date(1600, 12, 31, 0, 0, 0, 0, time.UTC)},
		other:          {Created: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if err := m.begin(t, Options{}).SetStandard(path, s); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%s, %+v: %v", path, s, err)
		}
	}
	if err := m.begin(t, Options{}).SetStandard("none", Standard{}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := m.begin(t, Options{}).SetStandard("$MFT", Standard{}); err == nil {
		t.Error("a file of NTFS itself was changed")
	}
}
