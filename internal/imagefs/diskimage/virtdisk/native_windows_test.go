package virtdisk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// TestNative calls the functions of this Windows as far as they exist without an attached disk. Under Wine its lines are
// compared by TestUnderWine; on a Windows, where version 2 and a file that is no disk are refused with another code, they are to be
// read.
func TestNative(t *testing.T) {
	sys := native()
	t.Logf("elevated: %v", sys.elevated())
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir) // Wine 8 cannot, in the way that Go wants it
	file := filepath.Join(dir, "nodisk.vhdx")
	if err := os.WriteFile(file, []byte("vhdxfile"), 0o600); err != nil {
		t.Fatal(err)
	}
	kind := microsoft(deviceVHDX)
	h, err := sys.openVirtualDisk(&kind, file, accessNone, openFlagNone, &openParameters{Version: openVersion2, ReadOnly: 1})
	if err == nil {
		_ = sys.closeHandle(h) // of a file that is no disk
	}
	t.Logf("OpenVirtualDisk: %d", number(err))
	h, err = sys.openVirtualDisk(&kind, file, accessNone, openFlagNone, &openParameters{Version: 1})
	if err == nil {
		_ = sys.closeHandle(h) // likewise
	}
	t.Logf("OpenVirtualDisk, version 1: %d", number(err))
	_, err = Open(t.Context(), imagefs.Location{ImagePath: file}, imagefs.Read)
	t.Logf("Open: %v", err)

	d := &disk{sys: sys, file: file}
	names, err := d.volumeNames()
	t.Logf("volumes: %v, %d", len(names) > 0, number(err))
	for _, name := range names {
		if !strings.HasPrefix(name, `\\?\Volume{`) || !strings.HasSuffix(name, `}\`) {
			t.Errorf("volume %q", name)
		}
		_, err := os.Lstat(name + windowsFolder)
		t.Logf("Lstat by the volume: %d", number(err))
		if tree, err := d.openWindows(name); tree != nil {
			t.Logf("Windows by the volume: drive %v, %v", tree.DriveKnown(), errors.Join(err, tree.Close()))
		}
		v, err := sys.createFile(device(name), queryAttributes, shareReadWrite)
		t.Logf("CreateFile of the volume: %d", number(err))
		if err != nil {
			continue
		}
		_, err = ask[volumeDiskExtents](sys, v, ioctlDiskExtents)
		t.Logf("extents: %d", number(err))
		_, err = ask[deviceNumber](sys, v, ioctlDeviceNumber)
		t.Logf("number: %d", number(err))
		_, err = ask[uint32](sys, v, fsctlIsDirty)
		t.Logf("dirty: %d", number(err))
		if err := sys.closeHandle(v); err != nil {
			t.Error(err)
		}
	}
	to := filepath.Join(filepath.Dir(file), "moved")
	t.Logf("MoveFileEx: %d", number(sys.moveFile(file, to)))
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Logf("MoveFileEx onto a file: %d", number(sys.moveFile(file, to)))
}

// number is the code of an error of Windows, and -1 for another error.
func number(err error) int64 {
	if err == nil {
		return 0
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return int64(errno)
	}
	return -1
}
