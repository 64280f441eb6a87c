package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// refuseDisks tries file systems that cannot be written to, or not to the end.
func refuseDisks(t *testing.T, p programs) {
	t.Run("read-only", func(t *testing.T) { refuseReadOnly(t, p) })
	t.Run("full", func(t *testing.T) { refuseFull(t, p, "size=6m", sampleImage) })
	t.Run("full, real hives", func(t *testing.T) { refuseFull(t, p, "size=32m", realImage) })
}

// disk is a small file system of its own.
type disk string

func newDisk(t *testing.T, options string) disk {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		testenv.Absent(t, "a tmpfs cannot be mounted here: "+err.Error())
	}
	t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	return disk(dir)
}

func refuseReadOnly(t *testing.T, p programs) {
	d := newDisk(t, "size=6m")
	windows := sampleImage(t, string(d))
	must(t, unix.Mount("", string(d), "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	attempt{
		windows: windows, tree: string(d), blob: newBlob(t).Bytes(),
		code: winerr.AccessDenied, says: "mounted read-only",
		plans: true, // looking needs no right to write
	}.refuse(t, p)
}

// fill leaves so many bytes free, and returns how to make room again.
func (d disk) fill(t *testing.T, leave int64) (makeRoom func()) {
	t.Helper()
	var stat unix.Statfs_t
	must(t, unix.Statfs(string(d), &stat))
	free := int64(stat.Bfree)*stat.Bsize - leave
	if free < 0 {
		t.Fatalf("%s has no %d bytes free", d, leave)
	}
	file := filepath.Join(string(d), "filler")
	must(t, os.WriteFile(file, make([]byte, free), 0o600))
	return func() { must(t, os.Remove(file)) }
}

// refuseFull stages into an image whose disk has less and less too little room: the program's file does not fit, then
// the hive's log, then the hive itself. Each time the image is as it was, or its log completes the join.
func refuseFull(t *testing.T, p programs, size string, image func(testing.TB, string) string) {
	exe, err := program.Lookup("amd64")
	must(t, err)
	const page = 4096
	fits := (exe.Size + page - 1) / page * page
	levels := []int64{0, page, fits / 2, fits - page, fits}
	for n := range int64(16) {
		levels = append(levels, fits+(n+1)*page)
	}
	d := newDisk(t, size)
	failures := map[string]int{}
	for _, level := range levels {
		must(t, os.RemoveAll(filepath.Join(string(d), "image")))
		f := fullDisk{disk: d, tree: filepath.Join(string(d), "image"), blob: newBlob(t).Bytes()}
		f.windows = image(t, f.tree)
		if failures[f.stage(t, p, level)]++; failures[""] == 2 {
			break
		}
	}
	t.Logf("what did not fit, how often: %v", failures)
	if failures["program"] == 0 || failures[""] == 0 {
		t.Errorf("the levels show too little: %v", failures)
	}
}

// fullDisk is one image on a disk that is filled up.
type fullDisk struct {
	disk          disk
	windows, tree string
	blob          []byte
}

// stage stages with so many bytes left, and returns what did not fit: "program", "hive" (nothing was written), "half"
// (the log completes it) or nothing.
func (f fullDisk) stage(t *testing.T, p programs, level int64) (what string) {
	t.Helper()
	before := take(t, f.tree)
	makeRoom := f.disk.fill(t, level)
	req := core.Request{Image: core.ImageAt(f.windows), Blob: read(t, f.blob), StagedBy: "e2e"}
	_, err := core.Stage(t.Context(), req)
	isWhole(t, f.windows)
	st, statusErr := core.ReadStatus(t.Context(), core.StatusRequest{Image: core.ImageAt(f.windows)})
	must(t, statusErr)
	want := core.StateStaged
	if code, _ := winerr.CodeOf(err); err != nil && code != winerr.DiskFull {
		t.Errorf("%d bytes left: %v", level, err)
	}
	switch {
	case err == nil:
	case strings.Contains(err.Error(), "half-way"):
		what = "half"
	case strings.Contains(err.Error(), "Nothing was written"):
		what, want = "hive", core.StateAbsent
		if strings.Contains(err.Error(), "odjboot") {
			what = "program"
		}
		before.same(t, f.tree)
		attempt{windows: f.windows, blob: f.blob, code: winerr.DiskFull}.refuseCommand(t, p)
		before.same(t, f.tree)
	default:
		t.Errorf("%d bytes left: %v, which does not tell what was written", level, err)
	}
	if st.State != want {
		t.Errorf("%d bytes left: %v; then the image is %s (%s), want %s", level, err, st.State, st.Detail, want)
	}
	makeRoom()
	f.finish(t, level)
	return what
}

// finish stages again, with room, and takes back on a disk that is full once more.
func (f fullDisk) finish(t *testing.T, level int64) {
	t.Helper()
	receipt, err := core.Stage(t.Context(), core.Request{Image: core.ImageAt(f.windows), Blob: read(t, f.blob), StagedBy: "e2e"})
	if err != nil || receipt.Status.State != core.StateStaged || receipt.Status.Detail != "" {
		t.Errorf("staged again after %d bytes: %v", level, err)
		return
	}
	isWhole(t, f.windows)
	makeRoom := f.disk.fill(t, 0)
	if _, err := core.Unstage(t.Context(), core.UnstageRequest{Image: core.ImageAt(f.windows)}); err != nil {
		t.Errorf("on a full disk a join cannot be taken back: %v", err)
	}
	isWhole(t, f.windows)
	makeRoom()
	found, _, err := secretsOf(f.blob).InTree(f.tree, nil)
	if err != nil || len(found) > 0 {
		t.Errorf("taken back on a full disk, the image holds %v, %v", found, err)
	}
}
