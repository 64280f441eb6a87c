//go:build unix

package winimage_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

func TestNotWindows(t *testing.T) {
	t.Parallel()
	windows := sampleTree(t, sample.Image{})
	empty := t.TempDir()
	tests := []struct{ name, path, words string }{
		{"empty directory", empty, "give the image's Windows directory"},
		{"volume root", filepath.Dir(windows), "did you mean " + windows + "?"},
		{"System32", filepath.Join(windows, "System32"), "the directory above it"},
		{"config", filepath.Join(windows, "System32", "config"), "two levels above it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := open(t, tt.path, winimage.Write)
			wantCode(t, err, winerr.InvalidParameter, tt.path+" is not a Windows directory", tt.words)
		})
	}
}

// TestHostileTree puts what Windows would not have there in place of parts of an image. Nothing may wait, and nothing
// outside may be touched.
func TestHostileTree(t *testing.T) {
	t.Parallel()
	move := func(t *testing.T, path, to string) {
		must(t, os.Rename(path, to))
		must(t, os.Symlink(to, path))
	}
	replace := func(t *testing.T, path string, with func(string) error) {
		must(t, os.Remove(path))
		must(t, with(path))
	}
	tests := []struct {
		name  string
		plant func(t *testing.T, windows, outside string)
		code  winerr.Code
		words string
	}{
		{"SYSTEM is a link out", func(t *testing.T, windows, outside string) {
			move(t, configFile(windows, "SYSTEM"), filepath.Join(outside, "SYSTEM"))
		}, winerr.CantLoadOfflineHive, "SYSTEM is a symbolic link"},
		{"SYSTEM is a link inside", func(t *testing.T, windows, _ string) {
			move(t, configFile(windows, "SYSTEM"), configFile(windows, "OTHER"))
		}, winerr.CantLoadOfflineHive, "SYSTEM is a symbolic link"},
		{"a log is a link out", func(t *testing.T, windows, outside string) {
			move(t, configFile(windows, "SYSTEM.LOG1"), filepath.Join(outside, "LOG"))
		}, winerr.CantLoadOfflineHive, "SYSTEM.LOG1 is a symbolic link"},
		{"config is a link out", func(t *testing.T, windows, outside string) {
			move(t, filepath.Join(windows, "System32", "config"), filepath.Join(outside, "config"))
		}, winerr.InvalidParameter, "config is a symbolic link"},
		{"System32 is a link out", func(t *testing.T, windows, outside string) {
			move(t, filepath.Join(windows, "System32"), filepath.Join(outside, "System32"))
		}, winerr.InvalidParameter, "System32 is a symbolic link"},
		{"SYSTEM is a pipe", func(t *testing.T, windows, _ string) {
			replace(t, configFile(windows, "SYSTEM"), func(p string) error { return unix.Mkfifo(p, 0o600) })
		}, winerr.CantLoadOfflineHive, "SYSTEM is a named pipe"},
		{"SYSTEM is a directory", func(t *testing.T, windows, _ string) {
			replace(t, configFile(windows, "SYSTEM"), func(p string) error { return os.Mkdir(p, 0o700) })
		}, winerr.CantLoadOfflineHive, "SYSTEM is a directory"},
		{"two spellings", func(t *testing.T, windows, _ string) {
			replace(t, configFile(windows, "SYSTEM"), func(string) error {
				return errors.Join(
					os.WriteFile(configFile(windows, "System"), nil, 0o600),
					os.WriteFile(configFile(windows, "system"), nil, 0o600))
			})
		}, winerr.CantLoadOfflineHive, "System and system"},
		{"SYSTEM has a second name", func(t *testing.T, windows, outside string) {
			must(t, os.Link(configFile(windows, "SYSTEM"), filepath.Join(outside, "backup")))
		}, winerr.CantCreateJoinInfo, "2 names (hard links)"},
		{"a log has a second name", func(t *testing.T, windows, outside string) {
			must(t, os.Link(configFile(windows, "SYSTEM.LOG2"), filepath.Join(outside, "backup")))
		}, winerr.CantCreateJoinInfo, "SYSTEM.LOG2 has 2 names"},
		{"SYSTEM is missing", func(t *testing.T, windows, _ string) {
			must(t, os.Remove(configFile(windows, "SYSTEM")))
		}, winerr.CantLoadOfflineHive, "SYSTEM is missing"},
		{"SYSTEM is empty", func(t *testing.T, windows, _ string) {
			must(t, os.Truncate(configFile(windows, "SYSTEM"), 0))
		}, winerr.CantLoadOfflineHive, "SYSTEM cannot be used"},
		{"SYSTEM is cut", func(t *testing.T, windows, _ string) {
			must(t, os.Truncate(configFile(windows, "SYSTEM"), 4096))
		}, winerr.CantLoadOfflineHive, "SYSTEM cannot be used"},
		{"SYSTEM is no hive", func(t *testing.T, windows, _ string) {
			must(t, os.Remove(configFile(windows, "SYSTEM.LOG1"))) // from which it would be recovered
			must(t, os.WriteFile(configFile(windows, "SYSTEM"), bytes.Repeat([]byte("x"), 9000), 0o600))
		}, winerr.CantLoadOfflineHive, "SYSTEM cannot be used"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			windows, outside := sampleTree(t, sample.Image{}), t.TempDir()
			tt.plant(t, windows, outside)
			before := digest(t, outside)
			_, err := open(t, windows, winimage.Write)
			wantCode(t, err, tt.code, tt.words)
			if !bytes.Equal(before, digest(t, outside)) {
				t.Error("something outside was touched")
			}
		})
	}
}

// TestALogWithoutAnEnd: a log is overwritten to its end when a join is taken back, and an enemy's log may have none. It is
// refused before anything is written, and looking at the image needs nothing of it.
func TestALogWithoutAnEnd(t *testing.T) {
	t.Parallel()
	for _, log := range []string{"SYSTEM.LOG1", "SYSTEM.LOG2"} {
		windows := sampleTree(t, sample.Image{})
		must(t, os.WriteFile(configFile(windows, log), nil, 0o600))
		must(t, os.Truncate(configFile(windows, log), 1<<40))
		for _, mode := range []winimage.Mode{winimage.Write, winimage.Read} {
			session, err := localdir.Open(windows)
			must(t, err)
			im, err := winimage.Open(t.Context(), session, mode)
			if mode == winimage.Write {
				wantCode(t, err, winerr.CantLoadOfflineHive, log+" has 1048576 MiB, and no log of a hive is so large")
			} else if err != nil {
				t.Error(err)
			}
			if im != nil {
				must(t, im.Close())
			}
			must(t, session.Close())
		}
	}
}

// TestOtherHives: what is wrong with SOFTWARE or SECURITY does not keep an image from being looked at, and is refused
// by the checks; SAM is optional.
func TestOtherHives(t *testing.T) {
	t.Parallel()
	remove := os.Remove
	pipe := func(p string) error { return errors.Join(os.Remove(p), unix.Mkfifo(p, 0o600)) }
	link := func(p string) error { return errors.Join(os.Remove(p), os.Symlink("SYSTEM", p)) }
	zero := func(p string) error { // the cells, not the header
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		clear(data[4096:])
		return os.WriteFile(p, data, 0o600)
	}
	tests := []struct {
		name   string
		hive   string
		change func(path string) error
		state  winimage.HiveState
		words  string
	}{
		{"no SOFTWARE", "SOFTWARE", remove, winimage.HiveMissing, "SOFTWARE is missing"},
		{"SOFTWARE zeroed", "SOFTWARE", zero, winimage.HiveDamaged, "SOFTWARE cannot be used"},
		{"no SECURITY", "SECURITY", remove, winimage.HiveMissing, "SECURITY is missing"},
		{"SECURITY zeroed", "SECURITY", zero, winimage.HiveDamaged, "SECURITY cannot be used"},
		{"SECURITY a pipe", "SECURITY", pipe, winimage.HiveUnreadable, "SECURITY is a named pipe"},
		{"SECURITY a link", "SECURITY", link, winimage.HiveUnreadable, "SECURITY is a symbolic link"},
		{"no SAM", "SAM", remove, winimage.HiveMissing, ""},
		{"SAM zeroed", "SAM", zero, winimage.HiveDamaged, ""},
		{"SAM a pipe", "SAM", pipe, winimage.HiveUnreadable, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			windows := sampleTree(t, sample.Image{})
			must(t, tt.change(configFile(windows, tt.hive)))
			im := mustOpen(t, windows, winimage.Write)
			h := im.Facts().Hive(tt.hive)
			if h.State != tt.state || h.Detail == "" {
				t.Errorf("%+v, want state %s", h, tt.state)
			}
			if err := im.CheckJoinable(); tt.words != "" {
				wantCode(t, err, winerr.CantLoadOfflineHive, tt.words)
			} else {
				must(t, err)
			}
		})
	}
}

func TestHardLinkIsAWarningForReaders(t *testing.T) {
	t.Parallel()
	windows := sampleTree(t, sample.Image{})
	must(t, os.Link(configFile(windows, "SYSTEM"), filepath.Join(t.TempDir(), "backup")))
	im := mustOpen(t, windows, winimage.Read)
	if w := strings.Join(im.Facts().Warnings, "\n"); !strings.Contains(w, "2 names") {
		t.Errorf("warnings %q", w)
	}
}

func TestOneWriterAtATime(t *testing.T) {
	t.Parallel()
	windows := sampleTree(t, sample.Image{})
	first := mustOpen(t, windows, winimage.Write)
	_, err := open(t, windows, winimage.Write)
	wantCode(t, err, winerr.Busy, "another offlinejoin is working on", windows)
	mustOpen(t, windows, winimage.Read) // readers are not kept out
	must(t, first.Close())
	mustOpen(t, windows, winimage.Write)
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	session, err := localdir.Open(sampleTree(t, sample.Image{}))
	must(t, err)
	defer session.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := winimage.Open(ctx, session, winimage.Read); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
