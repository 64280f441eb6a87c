package imagefs_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

func at(windowsPath string) imagefs.Location { return imagefs.Location{WindowsPath: windowsPath} }

func TestIdentityOfOneDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"web01", "web02"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "Windows"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	one := filepath.Join(dir, "web01", "Windows")
	here := at(one).Identity()
	if !strings.HasSuffix(here.Path, "web01/Windows") || here.Host == "" {
		t.Errorf("identity of %s is %+v", one, here)
	}
	for _, same := range []string{one + "/", filepath.Join(dir, "web02", "..", "web01", "Windows")} {
		if got := at(same).Identity(); got != here {
			t.Errorf("identity of %s is %+v, want %+v", same, got, here)
		}
	}
	if other := at(filepath.Join(dir, "web02", "Windows")).Identity(); other.SamePlace(here) || other.Moved(here) {
		t.Errorf("two images are one: %+v and %+v", other, here)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "web01"), link); err == nil {
		if got := at(filepath.Join(link, "Windows")).Identity(); got != here {
			t.Errorf("through a link: %+v, want %+v", got, here)
		}
	}
	if none := at(filepath.Join(dir, "none")).Identity(); none.Place() == "|" || none.File != "" {
		t.Errorf("identity of what is not there = %+v", none)
	}
}

// A directory that is made again at its path may get its inode number again; it is not the same image.
func TestIdentityOfADirectoryThatWasMadeAgain(t *testing.T) {
	t.Parallel()
	windows := filepath.Join(t.TempDir(), "Windows")
	var before imagefs.Identity
	for i := range 2 {
		if err := os.Mkdir(windows, 0o700); err != nil {
			t.Fatal(err)
		}
		now := at(windows).Identity()
		if runtime.GOOS != "linux" || now.File == "" {
			t.Skip("skipped: this file system has no birth times")
		}
		if i == 0 {
			before = now
		} else if !now.SamePlace(before) || !now.Exchanged(before) || now.Moved(before) {
			t.Errorf("%+v and %+v: want one place, and two directories", before, now)
		}
		if err := os.Remove(windows); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSamePlace(t *testing.T) {
	t.Parallel()
	id := func(name, host, volume, path, file string) imagefs.Identity {
		return imagefs.Identity{Name: name, Host: host, Volume: volume, Path: path, File: file}
	}
	base := id("", "a#1", "dev:/dev/sdb2", "/Windows", "5:1")
	for _, c := range []struct {
		why         string
		other       imagefs.Identity
		same, moved bool
	}{
		{"itself", base, true, true},
		{"another host with a copied machine id", id("", "b#1", "dev:/dev/sdb2", "/Windows", "5:1"), false, false},
		{"another machine with the same host name", id("", "a#2", "dev:/dev/sdb2", "/Windows", "5:1"), false, false},
		{"recorded by the host name alone", id("", "a", "dev:/dev/sdb2", "/Windows", ""), true, false},
		{"another volume", id("", "a#1", "dev:/dev/sdc2", "/Windows", "5:1"), false, false},
		{"moved in its volume", id("", "a#1", "dev:/dev/sdb2", "/old/Windows", "5:1"), false, true},
		{"one of them has a name", id("web01", "a#1", "dev:/dev/sdb2", "/Windows", "5:1"), true, true},
	} {
		if got := base.SamePlace(c.other); got != c.same {
			t.Errorf("%s: same place %v", c.why, got)
		}
		if got := base.Moved(c.other); got != c.moved {
			t.Errorf("%s: moved %v", c.why, got)
		}
	}
	disk := id("", "a#1", "file:/a/web#1/web01.qcow2#3", "Windows", "7:2")
	for _, c := range []struct {
		why         string
		other       imagefs.Identity
		same, moved bool
	}{
		{"itself", disk, true, true},
		{"under another path", id("", "a#1", "file:/b/web01.qcow2#3", "Windows", "7:2"), false, true},
		{"another partition", id("", "a#1", "file:/b/web01.qcow2#4", "Windows", "7:2"), false, false},
		{"another partition at the same path", id("", "a#1", "file:/a/web#1/web01.qcow2#4", "Windows", "7:2"), false, false},
		{"no partition chosen", id("", "a#1", "file:/a/web#1/web01.qcow2", "Windows", "7:2"), true, true},
		{"no partition chosen, under another path", id("", "a#1", "file:/b/web01.qcow2", "Windows", "7:2"), false, true},
		{"a name with a sharp sign", id("", "a#1", "file:/a/web", "Windows", "7:3"), false, false},
		{"another file", id("", "a#1", "file:/b/web01.qcow2#3", "Windows", "7:3"), false, false},
		{"a file that is not known", id("", "a#1", "file:/b/web01.qcow2#3", "Windows", ""), false, false},
		{"another host", id("", "b#2", "file:/a/web#1/web01.qcow2#3", "Windows", "7:2"), false, false},
		{"what is mounted of a file", id("", "a#1", "file:/b/web01.qcow2#3", "/Windows", "7:2"), false, false},
	} {
		if got := disk.SamePlace(c.other); got != c.same {
			t.Errorf("%s: the disk is at the same place: %v", c.why, got)
		}
		if got := disk.Moved(c.other); got != c.moved {
			t.Errorf("%s: the disk moved: %v", c.why, got)
		}
	}
	one, two := id("web01", "a#1", "dev:x", "/W", ""), id("web01", "b#2", "dev:y", "/V", "")
	if !one.SamePlace(two) {
		t.Error("one name on two hosts is two images")
	}
	if two.Name = "web02"; one.SamePlace(two) {
		t.Error("two names are one image")
	}
	share := id("", "", "net:server:/share", "/web01/Windows", "")
	if !share.SamePlace(share) {
		t.Error("a share is not itself")
	}
	unknown := id("", "a#1", "path:", "/mnt/Windows", "7:7")
	if unknown.Moved(unknown) {
		t.Error("a directory of an unknown volume is recognized elsewhere")
	}
}

func TestLocation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	windows := filepath.Join(dir, "web01", "Windows")
	if err := os.MkdirAll(windows, 0o700); err != nil {
		t.Fatal(err)
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(wd, windows)
	if err != nil {
		t.Skip("skipped: the temporary folder is on another drive")
	}
	if at(relative).Key() != at(windows).Key() || at(relative).ID() == at(windows).ID() || at("./"+relative).ID() != relative {
		t.Errorf("ID of %s is %s", relative, at("./"+relative).ID())
	}
	guest := imagefs.Location{WindowsPath: windows, Machine: "192.0.2.7"}
	if guest.Key() == at(windows).Key() || guest.String() != "192.0.2.7:"+windows {
		t.Errorf("%s", guest)
	}
	if at("").Key() != nil {
		t.Error("nowhere is a place")
	}
	for path, want := range map[string]imagefs.Presence{
		windows: imagefs.Present, filepath.Join(dir, "web02"): imagefs.Missing,
		filepath.Join(windows, "none"): imagefs.Unmounted, filepath.Join(dir, "no", "such", "Windows"): imagefs.Unmounted,
	} {
		if got := at(path).Presence(); got != want {
			t.Errorf("presence of %s is %v, want %v", path, got, want)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(windows, link); err == nil && at(link).Key() != at(windows).Key() {
		t.Error("a link to an image is another image")
	}
}
