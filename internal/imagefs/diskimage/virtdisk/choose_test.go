package virtdisk

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestChoice holds when Windows is used, and when our own engine.
func TestChoice(t *testing.T) {
	t.Parallel()
	f := newEmptyFake(t)
	sys := f.system()
	there := f.over("there.vhdx")
	if err := os.WriteFile(there.OverlayPath, []byte("vhdxfile"), 0o600); err != nil {
		t.Fatal(err)
	}
	vmdk := filepath.Join(f.dir, "clone.vmdk")
	if err := os.WriteFile(vmdk, []byte("KDMV"), 0o600); err != nil {
		t.Fatal(err)
	}
	anew := there
	anew.Anew = true
	copied := imagefs.Location{ImagePath: f.golden, CopyPath: filepath.Join(f.dir, "copy.vhdx")}
	for _, c := range []struct {
		at    imagefs.Location
		mode  imagefs.Mode
		makes bool
	}{
		{f.over("new.vhdx"), imagefs.Write, true},
		{f.over("new.VHD"), imagefs.Rehearse, true},
		{f.over("new.avhdx"), imagefs.Write, true},
		{f.over("new.vhdx"), imagefs.Read, false}, // it is not made yet
		{f.over("new.qcow2"), imagefs.Write, false},
		{f.over("new"), imagefs.Write, false},
		{there, imagefs.Write, false},
		{there, imagefs.Rehearse, false},
		{anew, imagefs.Rehearse, true},
		{anew, imagefs.Write, false},
		{copied, imagefs.Write, false},
		{f.at(), imagefs.Write, false},
	} {
		if got := sys.makes(c.at, c.mode); got != c.makes {
			t.Errorf("%+v, %v: makes %v", c.at, c.mode, got)
		}
		if runtime.GOOS != "windows" && Makes(c.at, c.mode) {
			t.Errorf("%+v: Makes on %s", c.at, runtime.GOOS)
		}
	}
	differencing := winerr.Errorf(50, "x %w", fmt.Errorf("y %w", &container.Refused{Kind: container.Differencing}))
	for _, c := range []struct {
		at    imagefs.Location
		err   error
		opens bool
	}{
		{f.at(), differencing, true},
		{there, differencing, true},
		{f.over("new.qcow2"), differencing, false}, // qcow2 does not stand on one
		{copied, differencing, false},
		{imagefs.Location{ImagePath: vmdk}, differencing, false},
		{f.at(), &container.Refused{Kind: container.PendingLog}, false},
		{f.at(), nil, false},
	} {
		if got := sys.opens(c.at, c.err); got != c.opens {
			t.Errorf("%+v, %v: opens %v", c.at, c.err, got)
		}
		if runtime.GOOS != "windows" && Opens(c.at, c.err) {
			t.Errorf("%+v: Opens on %s", c.at, runtime.GOOS)
		}
	}
	if _, err := Open(t.Context(), f.at(), imagefs.Read); runtime.GOOS != "windows" {
		if code, _ := winerr.CodeOf(err); code != winerr.NotSupported {
			t.Error(err)
		}
	}
}
