package virtdisk

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"
	"unsafe"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// fakeVolume is a volume of a fake disk, with a folder of this machine as its file system.
type fakeVolume struct {
	guid      string // of its name
	folder    string
	partition uint32
	starting  int64
	dirty     uint32
	extents   uint32 // 0 is 1
	from      int    // it appears at this enumeration, counted from 0
	fail      error  // of opening a tree in it
}

func (v fakeVolume) name() string { return `\\?\Volume{` + v.guid + `}\` }

// fake is a Windows whose functions behave as Microsoft documents, and that writes down how they are called.
type fake struct {
	t      *testing.T
	dir    string
	golden string // VHDX file

	disks map[string][]fakeVolume // of each file; an overlay gets copies of its parent's
	calls []string
	trees []*localdir.Session

	failAt  int // the call with this number fails; -1: none
	failed  string
	failure syscall.Errno

	notElevated bool
	enumerated  int
	slept       int

	next     handle
	handles  map[handle]string // what is open: a file, a volume, "enumeration"
	attached map[handle]string
	writable map[handle]bool
	seen     map[handle][]string // names that an enumeration has not returned yet
}

const others = "00000000-0000-0000-0000-0000000000ff" // a volume of another disk

// newFake makes a fake with a golden VHDX, whose only volume with a number holds a Windows.
func newFake(t *testing.T) *fake {
	t.Helper()
	windows := sampletest.Image(t, sample.Image{})
	f := newEmptyFake(t)
	f.disks[f.golden] = []fakeVolume{
		{guid: "efi", folder: t.TempDir(), partition: 1, starting: 1 << 20},
		{guid: "win", folder: filepath.Dir(windows), partition: 3, starting: 200 << 20},
	}
	return f
}

func newEmptyFake(t *testing.T) *fake {
	t.Helper()
	dir := t.TempDir()
	f := &fake{
		t: t, dir: dir, golden: filepath.Join(dir, "golden.vhdx"), disks: map[string][]fakeVolume{}, failAt: -1,
		failure: 0x1234567, next: 0x100, handles: map[handle]string{}, attached: map[handle]string{}, writable: map[handle]bool{},
		seen: map[handle][]string{},
	}
	if err := os.WriteFile(f.golden, []byte("vhdxfile golden"), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// call writes a call down, and returns the failure when it is its turn.
func (f *fake) call(name, format string, args ...any) error {
	line := name + "(" + f.short(fmt.Sprintf(format, args...)) + ")"
	f.calls = append(f.calls, line)
	if len(f.calls)-1 == f.failAt {
		f.failed = line
		return f.failure
	}
	return nil
}

// short takes what differs from run to run out of a text.
func (f *fake) short(text string) string {
	text = strings.ReplaceAll(text, f.dir+string(filepath.Separator), "")
	for {
		before, after, found := strings.Cut(text, ".offlinejoin-")
		if !found {
			return text
		}
		_, ending, _ := strings.Cut(after, ".")
		text = before + "TEMPORARY." + ending
	}
}

func (f *fake) opened(what string) handle {
	f.next++
	f.handles[f.next] = what
	return f.next
}

func typeOf(k *storageType) string {
	if k.VendorID != microsoft(0).VendorID {
		return "of another vendor"
	}
	return map[uint32]string{deviceVHD: "VHD", deviceVHDX: "VHDX"}[k.DeviceID]
}

func text(p *uint16) string {
	if p == nil {
		return "NULL"
	}
	var units []uint16
	for ; *p != 0; p = (*uint16)(unsafe.Add(unsafe.Pointer(p), 2)) {
		units = append(units, *p)
	}
	return string(utf16.Decode(units))
}

// system returns the functions of the fake.
func (f *fake) system() *system {
	return &system{
		elevated:          func() bool { return !f.notElevated },
		openVirtualDisk:   f.openVirtualDisk,
		createVirtualDisk: f.createVirtualDisk,
		attachVirtualDisk: f.attachVirtualDisk,
		detachVirtualDisk: f.detachVirtualDisk,
		physicalPath: func(h handle) (string, error) {
			return `\\.\PhysicalDrive7`, f.call("GetVirtualDiskPhysicalPath", "%s", f.attached[h])
		},
		findFirstVolume: f.findFirstVolume,
		findNextVolume:  f.findNextVolume,
		findVolumeClose: func(h handle) error { return f.close("FindVolumeClose", h) },
		createFile: func(path string, access, share uint32) (handle, error) {
			if err := f.call("CreateFile", "%s, access %#x, share %d", path, access, share); err != nil {
				return 0, err
			}
			return f.opened(path), nil
		},
		deviceIoControl: f.deviceIoControl,
		flushFileBuffers: func(h handle) error {
			return f.call("FlushFileBuffers", "%s", f.handles[h])
		},
		closeHandle: func(h handle) error { return f.close("CloseHandle", h) },
		moveFile:    f.moveFile,
		openTree:    f.openTree,
		utf16: func(s string) (*uint16, error) {
			return &append(utf16.Encode([]rune(s)), 0)[0], nil
		},
		sleep: func(ctx context.Context, d time.Duration) error {
			f.slept++
			if d <= 0 || d > time.Second {
				f.t.Errorf("it sleeps %v", d)
			}
			return ctx.Err()
		},
	}
}

func (f *fake) openVirtualDisk(k *storageType, path string, access, flags uint32, p *openParameters) (handle, error) {
	err := f.call("OpenVirtualDisk", "%s %s, access %d, flags %d, version %d, info only %d, read-only %d", typeOf(k), path, access,
		flags, p.Version, p.GetInfoOnly, p.ReadOnly)
	if err != nil {
		return 0, err
	}
	if _, err := os.Stat(path); err != nil {
		return 0, syscall.Errno(errorFileNotFound)
	}
	h := f.opened(path)
	f.writable[h] = p.ReadOnly == 0
	return h, nil
}

func (f *fake) createVirtualDisk(k *storageType, path string, access, flags uint32, p *createParameters) (handle, error) {
	parent := text(p.ParentPath)
	failure := f.call("CreateVirtualDisk", "%s %s, access %d, flags %d, version %d, parent %s %s, source %s, sizes %d %d %d %d", typeOf(k),
		path, access, flags, p.Version, typeOf(&p.ParentVirtualStorageType), parent, text(p.SourcePath), p.MaximumSize,
		p.BlockSizeInBytes, p.SectorSizeInBytes, p.PhysicalSectorSizeInBytes)
	// Whether a failed call leaves a file behind is not documented: this one does.
	if err := os.WriteFile(path, []byte("vhdxfile over "+parent), 0o600); err != nil {
		f.t.Error(err)
	}
	if failure != nil {
		return 0, failure
	}
	for _, v := range f.disks[parent] {
		v.guid, v.folder = v.guid+"+", f.copyTree(v.folder)
		f.disks[path] = append(f.disks[path], v)
	}
	return f.opened(path), nil
}

func (f *fake) copyTree(folder string) string {
	to := filepath.Join(f.t.TempDir(), "volume")
	if err := os.CopyFS(to, os.DirFS(folder)); err != nil {
		f.t.Fatal(err)
	}
	return to
}

func (f *fake) attachVirtualDisk(h handle, flags uint32, p *attachParameters) error {
	if err := f.call("AttachVirtualDisk", "%s, flags %d, version %d", f.handles[h], flags, p.Version); err != nil {
		return err
	}
	if f.writable[h] != (flags&attachReadOnly == 0) {
		f.t.Error("the disk is opened for another access than it is attached for")
	}
	f.attached[h] = f.handles[h]
	return nil
}

func (f *fake) detachVirtualDisk(h handle, flags uint32) error {
	for _, s := range f.trees {
		if _, err := s.Stat("Windows"); err == nil {
			f.t.Error("the disk is detached while a folder of it is open, which fails (documented)")
		}
	}
	if err := f.call("DetachVirtualDisk", "%s, flags %d", f.attached[h], flags); err != nil {
		return err
	}
	delete(f.attached, h)
	return nil
}

// close closes a handle, also when it fails. An attached disk is detached with it, as it is without a permanent lifetime.
func (f *fake) close(name string, h handle) error {
	what, ok := f.handles[h]
	if !ok {
		f.t.Errorf("%s of a handle that is not open", name)
	}
	err := f.call(name, "%s", what)
	delete(f.handles, h)
	delete(f.attached, h)
	return err
}

// volumes returns the volumes of the attached disks that have appeared, by their names.
func (f *fake) volumes() map[string]fakeVolume {
	all := map[string]fakeVolume{`\\?\Volume{` + others + `}\`: {guid: others, partition: 1, folder: f.dir}}
	for _, file := range f.attached {
		for _, v := range f.disks[file] {
			if v.from < f.enumerated {
				all[v.name()] = v
			}
		}
	}
	return all
}

func (f *fake) findFirstVolume() (handle, string, error) {
	f.enumerated++
	if err := f.call("FindFirstVolume", ""); err != nil {
		return 0, "", err
	}
	names := slices.Sorted(maps.Keys(f.volumes()))
	h := f.opened("enumeration")
	f.seen[h] = names[1:]
	return h, names[0], nil
}

func (f *fake) findNextVolume(h handle) (string, error) {
	if err := f.call("FindNextVolume", ""); err != nil {
		return "", err
	}
	if len(f.seen[h]) == 0 {
		return "", syscall.Errno(errorNoMoreFiles)
	}
	name := f.seen[h][0]
	f.seen[h] = f.seen[h][1:]
	return name, nil
}

func (f *fake) deviceIoControl(h handle, code uint32, out []byte) (int, error) {
	if err := f.call("DeviceIoControl", "%s, %#x, %d bytes", f.handles[h], code, len(out)); err != nil {
		return 0, err
	}
	v := f.volumes()[f.handles[h]+`\`]
	put := func(fields ...any) (int, error) {
		n := 0
		for _, field := range fields {
			k, err := binary.Encode(out[n:], binary.LittleEndian, field)
			if err != nil {
				return 0, syscall.Errno(122) // ERROR_INSUFFICIENT_BUFFER
			}
			n += k
		}
		return n, nil
	}
	number := uint32(7)
	if v.guid == others {
		number = 0
	}
	switch code {
	case ioctlDiskExtents:
		n, err := put(max(v.extents, 1), uint32(0), number, uint32(0), v.starting, int64(1<<30))
		if v.extents > 1 {
			err = syscall.Errno(234) // ERROR_MORE_DATA
		}
		return n, err
	case ioctlDeviceNumber:
		return put(uint32(7), number, v.partition)
	case fsctlIsDirty:
		return put(v.dirty)
	}
	return 0, syscall.Errno(1) // ERROR_INVALID_FUNCTION
}

func (f *fake) moveFile(from, to string) error {
	if err := f.call("MoveFileEx", "%s to %s", from, to); err != nil {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return syscall.Errno(errorAlreadyExists)
	}
	if slices.Contains(slices.Collect(maps.Values(f.handles)), from) {
		return syscall.Errno(errorSharingViolation)
	}
	f.disks[to] = f.disks[from]
	return os.Rename(from, to)
}

func (f *fake) openTree(path string) (*localdir.Session, error) {
	volume, ok := strings.CutSuffix(path, windowsFolder)
	v, found := f.volumes()[volume]
	if !ok || !found {
		f.t.Errorf("a tree is opened at %s", path)
	}
	if v.fail != nil {
		return nil, v.fail
	}
	s, err := localdir.Open(filepath.Join(v.folder, windowsFolder))
	if err == nil {
		f.trees = append(f.trees, s)
	}
	return s, err
}

// left checks that nothing is open or attached, and returns the files beside the golden disk, which must be as it was.
func (f *fake) left() []string {
	f.t.Helper()
	if len(f.handles) > 0 || len(f.attached) > 0 {
		f.t.Errorf("open: %v, attached: %v", f.handles, f.attached)
	}
	for _, s := range f.trees {
		if _, err := s.Stat("Windows"); err == nil {
			f.t.Error("a folder of the volume is still open")
		}
	}
	f.trees = nil
	if b, err := os.ReadFile(f.golden); err != nil || string(b) != "vhdxfile golden" {
		f.t.Errorf("the golden disk is %q (%v)", b, err)
	}
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		f.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != "golden.vhdx" {
			names = append(names, e.Name())
		}
	}
	return names
}

// at is the golden disk itself, and over a new one that stands on it.
func (f *fake) at() imagefs.Location { return imagefs.Location{ImagePath: f.golden} }

func (f *fake) over(name string) imagefs.Location {
	return imagefs.Location{ImagePath: f.golden, OverlayPath: filepath.Join(f.dir, name)}
}
