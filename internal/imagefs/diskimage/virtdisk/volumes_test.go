package virtdisk

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestVolumes finds the Windows among the volumes of a disk.
func TestVolumes(t *testing.T) {
	t.Parallel()
	windows := func(t *testing.T) string { return filepath.Dir(sampletest.Image(t, sample.Image{})) }
	cases := map[string]struct {
		volumes   func(t *testing.T) []fakeVolume
		partition int
		code      winerr.Code // 0: it is found
		says      string
		most      int // how often it waits
		lasting   bool
	}{
		"second partition": {volumes: func(t *testing.T) []fakeVolume {
			return []fakeVolume{{guid: "a", folder: windows(t), partition: 2}, {guid: "b", folder: t.TempDir(), partition: 1}}
		}},
		"two Windows": {volumes: func(t *testing.T) []fakeVolume {
			return []fakeVolume{
				{guid: "a", folder: windows(t), partition: 4, starting: 2}, {guid: "b", folder: windows(t), partition: 2, starting: 1},
			}
		}, code: winerr.InvalidParameter, says: "holds 2 Windows installations (partition 2 Windows, partition 4 Windows): choose with partition"},
		"one of two": {volumes: func(t *testing.T) []fakeVolume {
			return []fakeVolume{{guid: "a", folder: windows(t), partition: 4}, {guid: "b", folder: windows(t), partition: 2}}
		}, partition: 4},
		"no such partition": {volumes: func(t *testing.T) []fakeVolume {
			return []fakeVolume{{guid: "a", folder: windows(t), partition: 4}}
		}, partition: 9, code: winerr.InvalidParameter, says: "partition 9 of", most: looks - 1},
		"no Windows": {volumes: func(t *testing.T) []fakeVolume {
			return []fakeVolume{{guid: "a", folder: t.TempDir(), partition: 1}}
		}, code: winerr.InvalidParameter, says: "holds no Windows installation: partition 1", most: looks - 1},
		"no NTFS": {volumes: func(t *testing.T) []fakeVolume {
			return []fakeVolume{{guid: "a", partition: 1, fail: syscall.Errno(1005)}} // ERROR_UNRECOGNIZED_VOLUME
		}, code: 1005, says: "cannot be read", most: looks - 1, lasting: true},
		"BitLocker": {volumes: func(t *testing.T) []fakeVolume {
			return []fakeVolume{{guid: "a", partition: 1, fail: winerr.Errorf(5, "denied: %w", syscall.Errno(errorBitLocker))}}
		}, code: winerr.NotSupported, says: "BitLocker", most: looks - 1, lasting: true},
		"late": {volumes: func(t *testing.T) []fakeVolume {
			return []fakeVolume{{guid: "a", folder: t.TempDir(), partition: 1}, {guid: "b", folder: windows(t), partition: 2, from: 5}}
		}, most: 5},
		"last look": {volumes: func(t *testing.T) []fakeVolume {
			return []fakeVolume{{guid: "b", folder: windows(t), partition: 2, from: looks - 1}}
		}, most: looks - 1},
		"too late": {volumes: func(t *testing.T) []fakeVolume {
			return []fakeVolume{{guid: "b", folder: windows(t), partition: 2, from: looks}}
		}, code: winerr.Busy, says: "Windows keeps a disk offline", most: looks - 1},
		"on several disks": {volumes: func(t *testing.T) []fakeVolume {
			return []fakeVolume{{guid: "a", folder: windows(t), partition: 1, extents: 2}}
		}, code: winerr.Busy, says: "no volume of", most: looks - 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newEmptyFake(t)
			f.disks[f.golden] = c.volumes(t)
			at := f.at()
			at.Partition = c.partition
			err := visit(f, at, imagefs.Read)
			code, _ := winerr.CodeOf(err)
			if code != c.code || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Error(err)
			}
			if f.slept != c.most {
				t.Errorf("it waited %d times, want %d", f.slept, c.most)
			}
			if errors.Is(err, imagefs.ErrLasting) != c.lasting {
				t.Errorf("lasting: %v", !c.lasting)
			}
			f.left()
		})
	}
}

// TestDiskNumber refuses every other path than the documented one.
func TestDiskNumber(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]int64{
		`\\.\PhysicalDrive0`: 0, `\\.\PHYSICALDRIVE12`: 12, `\\.\PhysicalDrive`: -1, `\\.\PhysicalDrive1x`: -1, `\\.\CDROM0`: -1, "": -1,
		`\\.\PhysicalDrive4294967296`: -1,
	} {
		if n, err := diskNumber(path); (err == nil) != (want >= 0) || err == nil && int64(n) != want {
			t.Errorf("%s: %d, %v", path, n, err)
		}
	}
}
