package virtdisk

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

const (
	program = "Windows/System32/new.exe"
	content = "content"
)

// change writes a file into a session.
func change(s imagefs.Session) error {
	f, err := s.Create(program)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(content), 0)
	return errors.Join(err, f.Sync(), f.Close())
}

// visit opens, changes, commits and closes, as the core does.
func visit(f *fake, at imagefs.Location, mode imagefs.Mode) error {
	s, err := f.system().openAt(context.Background(), at, mode)
	if err != nil {
		return err
	}
	if mode == imagefs.Write {
		if err = change(s); err == nil {
			_, err = s.Commit(context.Background())
		}
	}
	return errors.Join(err, s.Close())
}

// enumeration is how the volumes of a disk are looked at, whose names have a suffix.
func enumeration(suffix string) []string {
	lines := []string{"FindFirstVolume()", "FindNextVolume()", "FindNextVolume()", "FindNextVolume()", "FindVolumeClose(enumeration)"}
	look := func(guid string, ours bool) {
		lines = append(lines, `CreateFile(\\?\Volume{`+guid+`}, access 0x0, share 3)`,
			`DeviceIoControl(\\?\Volume{`+guid+`}, 0x560000, 32 bytes)`)
		if ours {
			lines = append(lines, `DeviceIoControl(\\?\Volume{`+guid+`}, 0x2d1080, 12 bytes)`)
		}
		lines = append(lines, `CloseHandle(\\?\Volume{`+guid+`})`)
	}
	look(others, false)
	look("efi"+suffix, true)
	look("win"+suffix, true)
	return append(lines, `CreateFile(\\?\Volume{win`+suffix+`}, access 0x80000000, share 3)`,
		`DeviceIoControl(\\?\Volume{win`+suffix+`}, 0x90078, 4 bytes)`, `CloseHandle(\\?\Volume{win`+suffix+`})`)
}

// TestCalls holds the order and the arguments of all calls against Microsoft's documentation, from which this is quoted:
//
//   - "VIRTUAL_DISK_ACCESS_NONE is the only acceptable access mask for V2 handle opens" (Windows-classic-samples,
//     Hyper-V/Storage), OPEN_VIRTUAL_DISK_VERSION_2 = 2, Version2.ReadOnly: "If TRUE, indicates the file backing store is to be
//     opened as read-only" (OPEN_VIRTUAL_DISK_PARAMETERS).
//   - ATTACH_VIRTUAL_DISK_FLAG_READ_ONLY = 1, ATTACH_VIRTUAL_DISK_FLAG_NO_DRIVE_LETTER = 2, and without
//     ATTACH_VIRTUAL_DISK_FLAG_PERMANENT_LIFETIME = 4 "the virtual disk will be automatically detached when the last open handle is
//     closed" (DetachVirtualDisk). ATTACH_VIRTUAL_DISK_VERSION_1 = 1.
//   - "This path is in the form \\.\PhysicalDriveX" (GetVirtualDiskPhysicalPath).
//   - "You can use CreateFile to open a volume by referring to its unique volume name, but without a trailing backslash"; "When
//     opening a volume ..., the dwShareMode parameter must have the FILE_SHARE_WRITE flag" (CreateFile).
//   - "If a ParentPath is specified, this value must be zero" (CREATE_VIRTUAL_DISK_PARAMETERS, MaximumSize), "If this parameter is
//     not NULL, SourcePath must be NULL" (ParentPath), "only the VIRTUAL_DISK_ACCESS_NONE (0) value may be specified"
//     (CreateVirtualDisk with version 2). CREATE_VIRTUAL_DISK_FLAG_FULL_PHYSICAL_ALLOCATION "should not be specified" for a
//     differencing disk (CreateVirtualDisk).
//   - "All other open handles to the virtual disk must be closed before the DetachVirtualDisk function can succeed", and
//     DETACH_VIRTUAL_DISK_FLAG_NONE = 0 is its only flag (DetachVirtualDisk).
//   - "To flush all open files on a volume, call FlushFileBuffers with a handle to the volume. The caller must have administrative
//     privileges" (FlushFileBuffers).
func TestCalls(t *testing.T) {
	t.Parallel()
	readOnly := func() []string {
		return append([]string{
			"OpenVirtualDisk(VHDX golden.vhdx, access 0, flags 0, version 2, info only 0, read-only 1)",
			"AttachVirtualDisk(golden.vhdx, flags 3, version 1)",
			"GetVirtualDiskPhysicalPath(golden.vhdx)",
		}, append(enumeration(""), "DetachVirtualDisk(golden.vhdx, flags 0)", "CloseHandle(golden.vhdx)")...)
	}
	cases := map[string]struct {
		at   func(*fake) imagefs.Location
		mode imagefs.Mode
		want []string
		left []string
	}{
		"read":             {(*fake).at, imagefs.Read, readOnly(), nil},
		"rehearse":         {(*fake).at, imagefs.Rehearse, readOnly(), nil},
		"rehearse overlay": {func(f *fake) imagefs.Location { return f.over("web01.vhdx") }, imagefs.Rehearse, readOnly(), nil},
		"write": {(*fake).at, imagefs.Write, append([]string{
			"OpenVirtualDisk(VHDX golden.vhdx, access 0, flags 0, version 2, info only 0, read-only 0)",
			"AttachVirtualDisk(golden.vhdx, flags 2, version 1)",
			"GetVirtualDiskPhysicalPath(golden.vhdx)",
		}, append(enumeration(""),
			`CreateFile(\\?\Volume{win}, access 0xc0000000, share 3)`, `FlushFileBuffers(\\?\Volume{win})`, `CloseHandle(\\?\Volume{win})`,
			"DetachVirtualDisk(golden.vhdx, flags 0)", "CloseHandle(golden.vhdx)")...), nil},
		"write overlay": {func(f *fake) imagefs.Location { return f.over("web01.vhdx") }, imagefs.Write, append([]string{
			"CreateVirtualDisk(VHDX TEMPORARY.vhdx, access 0, flags 0, version 2, parent VHDX golden.vhdx, source NULL, sizes 0 0 0 0)",
			"CloseHandle(TEMPORARY.vhdx)",
			"OpenVirtualDisk(VHDX TEMPORARY.vhdx, access 0, flags 0, version 2, info only 0, read-only 0)",
			"AttachVirtualDisk(TEMPORARY.vhdx, flags 2, version 1)",
			"GetVirtualDiskPhysicalPath(TEMPORARY.vhdx)",
		}, append(enumeration("+"),
			`CreateFile(\\?\Volume{win+}, access 0xc0000000, share 3)`, `FlushFileBuffers(\\?\Volume{win+})`,
			`CloseHandle(\\?\Volume{win+})`, "DetachVirtualDisk(TEMPORARY.vhdx, flags 0)", "CloseHandle(TEMPORARY.vhdx)",
			"MoveFileEx(TEMPORARY.vhdx to web01.vhdx)")...), []string{"web01.vhdx"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			if err := visit(f, c.at(f), c.mode); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, f.calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.left, f.left()); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFailures lets each call fail, one after the other: nothing stays open, attached or half made.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]func(*fake) imagefs.Location{
		"in place": (*fake).at, "overlay": func(f *fake) imagefs.Location { return f.over("web01.vhdx") },
	} {
		for _, mode := range []imagefs.Mode{imagefs.Read, imagefs.Write} {
			if name == "overlay" && mode == imagefs.Read {
				continue // there is nothing to read yet
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				refused := 0
				for n := 0; ; n++ {
					f := newFake(t)
					f.failAt = n
					err := visit(f, at(f), mode)
					left := f.left()
					if f.failed == "" {
						t.Logf("%d calls, of which %d refuse when they fail", n, refused)
						break
					}
					code, coded := winerr.CodeOf(err)
					switch {
					case err == nil: // asked again, or of no use
						if !strings.Contains(f.failed, `\\?\Volume`) || strings.Contains(f.failed, "Flush") {
							t.Errorf("%s fails, and it is not reported", f.failed)
						}
					case !coded || uint32(code) != uint32(f.failure):
						t.Errorf("%s fails with %v", f.failed, err)
					}
					made := len(left) == 1 && left[0] == "web01.vhdx"
					if len(left) > 0 && !made || name == "overlay" && made != (err == nil) {
						t.Errorf("%s fails with %v, and leaves %q", f.failed, err, left)
					}
					if err != nil {
						refused++
					}
				}
				if refused < 5 {
					t.Errorf("only %d calls refuse", refused)
				}
			})
		}
	}
}

// TestDroppedOverlay closes an overlay that was not committed, and one whose name is taken meanwhile.
func TestDroppedOverlay(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	at := f.over("web01.vhdx")
	s, err := f.system().openAt(t.Context(), at, imagefs.Write)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(change(s), s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if left := f.left(); left != nil {
		t.Errorf("left: %q", left)
	}
	if s, err = f.system().openAt(t.Context(), at, imagefs.Write); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at.OverlayPath, []byte("foreign"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = s.Commit(t.Context())
	code, _ := winerr.CodeOf(err)
	if code != winerr.Busy || !errors.Is(err, imagefs.ErrUntouched) || !strings.Contains(err.Error(), "was made by somebody else meanwhile") {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(at.OverlayPath); err != nil || string(b) != "foreign" || len(f.left()) != 1 {
		t.Errorf("%q, %v, %q", b, err, f.left())
	}
}

// TestOverlaysAtOnce makes an overlay whose disk Windows keeps offline at first, since another one of the same golden disk is
// attached: it is detached and attached again, for a bounded time.
func TestOverlaysAtOnce(t *testing.T) {
	t.Parallel()
	for offline, want := range map[int]winerr.Code{2: 0, turns: winerr.Busy} {
		f := newFake(t)
		for i := range f.disks[f.golden] {
			f.disks[f.golden][i].from = offline * looks
		}
		s, err := f.system().openAt(t.Context(), f.over("web01.vhdx"), imagefs.Write)
		if code, _ := winerr.CodeOf(err); code != want {
			t.Fatal(err)
		}
		attached := 0
		for _, call := range f.calls {
			if strings.HasPrefix(call, "AttachVirtualDisk") {
				attached++
			}
		}
		if attached != min(offline+1, turns) {
			t.Errorf("it was attached %d times", attached)
		}
		if err == nil {
			err = s.Close()
			if err != nil {
				t.Error(err)
			}
		}
		f.left()
	}
}

// TestEnded gives a context that ended.
func TestEnded(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.system().openAt(ctx, f.over("web01.vhdx"), imagefs.Write); !errors.Is(err, context.Canceled) || f.calls != nil {
		t.Errorf("%v after %q", err, f.calls)
	}
}

// TestErrors holds the sentences for errors of Windows.
func TestErrors(t *testing.T) {
	t.Parallel()
	cases := []struct {
		call    string // the first call that begins so
		windows uint32
		code    winerr.Code
		says    string
		waits   bool
	}{
		{"OpenVirtualDisk", 2, winerr.FileNotFound, "does not exist", false},
		{"OpenVirtualDisk", 5, winerr.AccessDenied, "cannot be opened", false},
		{"OpenVirtualDisk", 32, winerr.Busy, "power its machine off", true},
		{"OpenVirtualDisk", 126, winerr.NotSupported, "virtdisk.dll", false},
		{"OpenVirtualDisk", 127, winerr.NotSupported, "virtdisk.dll", false},
		{"OpenVirtualDisk", 618, winerr.NotSupported, "compressed", false},
		{"OpenVirtualDisk", 6002, winerr.NotSupported, "encrypted", false},
		{"OpenVirtualDisk", 0xC03A000D, winerr.FileNotFound, "stands on", false},
		{"OpenVirtualDisk", 0xC03A000E, winerr.CantLoadOfflineHive, "is broken", false},
		{"OpenVirtualDisk", 0xC03A0001, 0xC03A0001, "error 0xC03A0001", false},
		{"AttachVirtualDisk", 740, winerr.ElevationRequired, "run elevated", false},
		{"AttachVirtualDisk", 1314, winerr.ElevationRequired, "run elevated", false},
		{"AttachVirtualDisk", 19, winerr.CantCreateJoinInfo, "write protected", false},
	}
	for _, c := range cases {
		f := newFake(t)
		f.failure = syscall.Errno(c.windows)
		f.failAt = map[string]int{"OpenVirtualDisk": 0, "AttachVirtualDisk": 1}[c.call]
		err := visit(f, f.at(), imagefs.Read)
		code, _ := winerr.CodeOf(err)
		if code != c.code || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(f.failed, c.call) {
			t.Errorf("%s, %d: %v", f.failed, c.windows, err)
		}
		if errors.Is(err, imagefs.ErrLasting) == c.waits && code != winerr.ElevationRequired {
			t.Errorf("%s, %d: waiting for it to end is of use: %v", f.failed, c.windows, !c.waits)
		}
		f.left()
	}
	f := newFake(t)
	f.notElevated = true
	for _, at := range []imagefs.Location{f.at(), f.over("web01.vhdx")} {
		err := visit(f, at, imagefs.Write)
		if code, _ := winerr.CodeOf(err); code != winerr.ElevationRequired || f.calls != nil || f.left() != nil {
			t.Errorf("%v after %q", err, f.calls)
		}
	}
}

// TestFormats refuses overlays of another format than their golden disk, before anything is made.
func TestFormats(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	err := visit(f, f.over("web01.vhd"), imagefs.Write)
	if code, _ := winerr.CodeOf(err); code != winerr.InvalidParameter || f.calls != nil {
		t.Error(err)
	}
	qcow2 := filepath.Join(f.dir, "golden.qcow2")
	if err := os.WriteFile(qcow2, []byte("QFI\xfb"), 0o600); err != nil {
		t.Fatal(err)
	}
	err = visit(f, imagefs.Location{ImagePath: qcow2, OverlayPath: filepath.Join(f.dir, "web01.vhdx")}, imagefs.Write)
	if code, _ := winerr.CodeOf(err); code != winerr.NotSupported || f.calls != nil {
		t.Error(err)
	}
	fixed := filepath.Join(f.dir, "golden.vhd")
	if err := os.WriteFile(fixed, append(make([]byte, 1024), append([]byte("conectix"), make([]byte, 504)...)...), 0o600); err != nil {
		t.Fatal(err)
	}
	if device, err := deviceOf(fixed); device != deviceVHD || err != nil {
		t.Errorf("%d, %v", device, err)
	}
}

// TestAttach has a disk of any kind attached read-only, and lets go of it.
func TestAttach(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s, err := f.system().attachReadOnly(t.Context(), f.golden)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stat("Windows/System32/config/SYSTEM"); err != nil || s.Volume() != `\\?\Volume{win}` || s.Dirty() {
		t.Errorf("%v, volume %s, dirty %v", err, s.Volume(), s.Dirty())
	}
	for _, writable := range f.writable {
		if writable {
			t.Error("it is attached to be written")
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left := f.left(); left != nil {
		t.Errorf("left: %v", left)
	}
	f.notElevated = true
	if _, err := f.system().attachReadOnly(t.Context(), f.golden); err == nil {
		t.Error("attached without an administrator's rights")
	}
	if runtime.GOOS == "windows" {
		return
	}
	if _, err := Attach(t.Context(), f.golden); err == nil || !strings.Contains(err.Error(), "only Windows") {
		t.Errorf("here: %v", err)
	}
}
