package localdir_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// mountTmpfs mounts a small tmpfs and returns its path. It needs the right to mount.
func mountTmpfs(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("skipped: cannot mount a tmpfs here: %v", err)
	}
	t.Cleanup(func() { must(t, unmount(dir)) })
	return dir
}

// unmount does not mind that a program which another test is just starting still has copies of our open files.
func unmount(dir string) error { return unix.Unmount(dir, unix.MNT_DETACH) }

func TestReadOnlyFileSystem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "SYSTEM"), []byte("x"), 0o600))
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("skipped: cannot mount here: %v", err)
	}
	t.Cleanup(func() { must(t, unmount(dir)) })
	must(t, unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""))
	image, err := localdir.OpenTree(dir)
	must(t, err)
	defer image.Close()

	f, err := image.Open("SYSTEM")
	must(t, err)
	must(t, f.Close())
	_, err = image.OpenWrite("SYSTEM")
	wantCode(t, err, winerr.AccessDenied, "mounted read-only")
	_, err = image.Create("new")
	wantCode(t, err, winerr.AccessDenied, "mounted read-only")
	wantCode(t, image.Remove("SYSTEM"), winerr.AccessDenied, "mounted read-only")
}

func TestFullFileSystem(t *testing.T) {
	t.Parallel()
	image, err := localdir.OpenTree(mountTmpfs(t, "size=64k"))
	must(t, err)
	defer image.Close()
	f, err := image.Create("big")
	must(t, err)
	defer f.Close()
	_, err = f.WriteAt(make([]byte, 128<<10), 0)
	wantCode(t, err, winerr.DiskFull, "make room")
}

// systemOnly is O:BAG:SYD:P(A;;FA;;;SY)(A;;FA;;;BA), laid out by hand ([MS-DTYP] 2.4.6).
var systemOnly = []byte{
	1, 0, 0x04, 0x90, 72, 0, 0, 0, 88, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, // protected, DACL present, self-relative
	2, 0, 52, 0, 2, 0, 0, 0, // DACL with two entries
	0, 0, 20, 0, 0xFF, 1, 0x1F, 0, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, // allow SYSTEM everything
	0, 0, 24, 0, 0xFF, 1, 0x1F, 0, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0, // allow Administrators everything
	1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0, // owner
	1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, // group
}

func TestSecurityWhereThereIsNone(t *testing.T) {
	t.Parallel()
	image, err := localdir.OpenTree(mountTmpfs(t, "size=1m"))
	must(t, err)
	defer image.Close()
	f, err := image.Create("odjboot.exe")
	must(t, err)
	must(t, f.Close())
	applied, err := image.SetSecurity("odjboot.exe", systemOnly)
	if applied || err != nil {
		t.Errorf("SetSecurity = %v, %v; want false, nil", applied, err)
	}
	sd, ok, err := image.Security("odjboot.exe")
	if ok || err != nil || sd != nil {
		t.Errorf("Security = %x, %v, %v; want none", sd, ok, err)
	}
}

// mountNTFS makes an NTFS volume in a file and mounts it with ntfs-3g.
func mountNTFS(t *testing.T) string {
	t.Helper()
	mkntfs, ntfs3g := testenv.Tool(t, "mkntfs"), testenv.Tool(t, "ntfs-3g")
	img, dir := filepath.Join(t.TempDir(), "ntfs.img"), t.TempDir()
	f, err := os.Create(img)
	must(t, err)
	must(t, f.Truncate(16<<20))
	must(t, f.Close())
	if out, err := exec.Command(mkntfs, "-F", "-Q", img).CombinedOutput(); err != nil {
		t.Fatalf("mkntfs: %v\n%s", err, out)
	}
	if out, err := exec.Command(ntfs3g, img, dir).CombinedOutput(); err != nil {
		t.Skipf("skipped: ntfs-3g cannot mount here (it needs /dev/fuse and the right to mount): %v\n%s", err, out)
	}
	t.Cleanup(func() { must(t, unmount(dir)) })
	return dir
}

func TestNTFS(t *testing.T) {
	t.Parallel()
	dir := mountNTFS(t)
	must(t, os.MkdirAll(filepath.Join(dir, "WINDOWS", "system32", "Config"), 0o755))
	image, err := localdir.OpenTree(filepath.Join(dir, "WINDOWS"))
	must(t, err)
	defer image.Close()

	f, err := image.Create("System32/odjboot.exe")
	must(t, err)
	_, err = f.WriteAt([]byte("MZ"), 0)
	must(t, err)
	held, err := f.TryLock()
	if !held || err != nil {
		t.Errorf("TryLock on ntfs-3g = %v, %v", held, err)
	}
	must(t, f.Sync())
	must(t, f.Close())
	must(t, image.SyncDir("System32"))

	before, ok, err := image.Security("System32/odjboot.exe")
	if !ok || err != nil {
		t.Fatalf("Security on ntfs-3g: %v, %v", ok, err)
	}
	if bytes.Equal(before, systemOnly) {
		t.Fatal("a new file has the wanted security already: the test proves nothing")
	}
	applied, err := image.SetSecurity("SYSTEM32/odjboot.exe", systemOnly)
	if !applied || err != nil {
		t.Fatalf("SetSecurity on ntfs-3g = %v, %v", applied, err)
	}
	after, _, err := image.Security("System32/odjboot.exe")
	must(t, err)
	if !bytes.Equal(after, systemOnly) {
		t.Errorf("security reads back as %x", after)
	}
	testLinksOnNTFS(t, image, filepath.Join(dir, "WINDOWS"))
}

// testLinksOnNTFS: a short DOS partner of a long name is no hard link to anybody; a real second name is.
func testLinksOnNTFS(t *testing.T, image *localdir.Tree, windows string) {
	t.Helper()
	f, err := image.Create("SYSTEM.LOG1")
	must(t, err)
	must(t, f.Close())
	must(t, unix.Setxattr(filepath.Join(windows, "SYSTEM.LOG1"), "system.ntfs_dos_name", []byte("SYSTEM~1.LOG"), 0))
	info, err := image.Stat("SYSTEM.LOG1")
	must(t, err)
	if info.Links != 1 {
		t.Errorf("links with a DOS name = %d, want 1", info.Links)
	}
	must(t, os.Link(filepath.Join(windows, "system32", "odjboot.exe"), filepath.Join(windows, "second")))
	info, err = image.Stat("System32/odjboot.exe")
	must(t, err)
	if info.Links != 2 {
		t.Errorf("links with two names = %d, want 2", info.Links)
	}
}
