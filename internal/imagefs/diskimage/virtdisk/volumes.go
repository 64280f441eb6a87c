package virtdisk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

const (
	// A volume of a disk that was attached appears after a while. It is looked for this often, and this long in all.
	lookEvery = 250 * time.Millisecond
	looks     = 60
	// maxVolumes bounds one enumeration.
	maxVolumes = 4096

	windowsFolder = "Windows"
	systemHive    = windowsFolder + "/System32/config/SYSTEM"
)

// volume is one of the disk's.
type volume struct {
	name      string // \\?\Volume{GUID}\
	starting  int64  // on the disk, in bytes
	partition int    // 0 where Windows has no number
	dirty     bool
	tree      *localdir.Session // nil: no Windows is there
	err       error             // why it is not read
}

// find returns the volume with the Windows, opened. number is that of a partition, 0 for the only one that has a Windows. It
// waits a bounded time, because volumes appear some time after their disk. Errors have codes: 87 no Windows, or several, 170
// no volume appears.
func (d *disk) find(ctx context.Context, number int) (volume, error) {
	for n := 1; ; n++ {
		all, err := d.look()
		if err != nil {
			return volume{}, failed("looked through", d.file, err)
		}
		found, settled, err := d.choose(all, number)
		if settled || n == looks {
			return found, errors.Join(err, closeTrees(all, found.name))
		}
		if err := errors.Join(closeTrees(all, ""), d.sys.sleep(ctx, lookEvery)); err != nil {
			return volume{}, err
		}
	}
}

// collision is the error for a disk that stays offline.
type collision struct{ error }

func (c *collision) Unwrap() error { return c.error }

// closeTrees closes the trees of all volumes but one.
func closeTrees(all []volume, but string) error {
	var errs []error
	for _, v := range all {
		if v.tree != nil && v.name != but {
			errs = append(errs, v.tree.Close())
		}
	}
	return errors.Join(errs...)
}

// choose is the answer for the volumes that are there now. settled means that more volumes would not change it.
func (d *disk) choose(all []volume, number int) (found volume, settled bool, err error) {
	shown := plaintext.Line(d.file, 0)
	var with []volume
	var reason error
	for _, v := range all {
		if number != 0 && v.partition != number {
			continue
		}
		if v.tree != nil {
			with = append(with, v)
		} else if v.err != nil && reason == nil {
			reason = v.err
		}
	}
	switch {
	case len(with) == 1:
		return with[0], true, nil
	case len(with) > 1:
		return found, true, winerr.Errorf(winerr.InvalidParameter, "%s holds %d Windows installations (%s): choose with partition",
			shown, len(with), list(all))
	case len(all) == 0:
		return found, false, &collision{winerr.Errorf(winerr.Busy, "no volume of %s appeared: Windows keeps a disk offline while "+
			"another with the same identifiers is attached, such as one of the same golden image (Get-Disk shows it): detach that "+
			"one first", shown)}
	case reason != nil:
		return found, false, failed("read", d.file, reason)
	case number != 0:
		return found, false, winerr.Errorf(winerr.InvalidParameter, "partition %d of %s holds no Windows installation: it has %s",
			number, shown, list(all))
	}
	return found, false, winerr.Errorf(winerr.InvalidParameter, "%s holds no Windows installation: %s", shown, list(all))
}

// list is "partition 1, partition 3 Windows".
func list(all []volume) string {
	words := make([]string, len(all))
	for i, v := range all {
		words[i] = fmt.Sprintf("partition %d", v.partition)
		if v.tree != nil {
			words[i] += " Windows"
		}
	}
	return strings.Join(words, ", ")
}

// look returns the volumes that lie on the disk now, in its order, with the trees of those that hold a Windows opened.
func (d *disk) look() (all []volume, err error) {
	names, err := d.volumeNames()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		v, ours := d.lookAt(name)
		if !ours {
			continue
		}
		if v.err == nil {
			v.tree, v.err = d.openWindows(name)
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b volume) int { return int(min(max(a.starting-b.starting, -1), 1)) })
	return all, nil
}

// volumeNames returns the names of all volumes of this machine.
func (d *disk) volumeNames() (names []string, err error) {
	h, name, err := d.sys.findFirstVolume()
	for len(names) < maxVolumes && err == nil {
		names = append(names, name)
		name, err = d.sys.findNextVolume(h)
	}
	if names != nil {
		err = errors.Join(unless(err, errorNoMoreFiles), d.sys.findVolumeClose(h))
	}
	return names, unless(err, errorNoMoreFiles)
}

// unless drops an error of Windows that is no failure.
func unless(err error, code uint32) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok && uint32(errno) == code {
		return nil
	}
	return err
}

// lookAt asks a volume where it lies. One that does not say, or that lies on several disks, is none of this disk.
func (d *disk) lookAt(name string) (v volume, ours bool) {
	h, err := d.sys.createFile(device(name), queryAttributes, shareReadWrite)
	if err != nil {
		return v, false
	}
	v.name = name
	e, err := ask[volumeDiskExtents](d.sys, h, ioctlDiskExtents)
	ours = err == nil && e.Number == 1 && e.Extent.DiskNumber == d.number
	if ours {
		v.starting = e.Extent.Starting
		// A partition without a number is one that cannot be chosen, and a file system that is not asked is not dirty.
		if n, err := ask[deviceNumber](d.sys, h, ioctlDeviceNumber); err == nil && n.PartitionNumber < 1<<16 {
			v.partition = int(n.PartitionNumber)
		}
		v.err = d.sys.closeHandle(h)
		return v, ours
	}
	_ = d.sys.closeHandle(h) // of a volume that nothing was done to
	return v, false
}

// ask calls a control code that fills a structure.
func ask[T any](sys *system, h handle, code uint32) (t T, err error) {
	out := make([]byte, binary.Size(t))
	n, err := sys.deviceIoControl(h, code, out)
	if err != nil {
		return t, err
	}
	if n < len(out) {
		return t, errors.New("the system returned less than is documented")
	}
	_, err = binary.Decode(out, binary.LittleEndian, &t)
	return t, err
}

// openWindows opens the Windows directory of a volume; nil when none is there.
func (d *disk) openWindows(name string) (*localdir.Session, error) {
	tree, err := d.sys.openTree(name + windowsFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err = tree.Stat(systemHive); err == nil {
		return tree, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return nil, errors.Join(err, tree.Close())
}

// isDirty reports whether the file system of a volume waits for chkdsk.
func (d *disk) isDirty(name string) (dirty bool, err error) {
	h, err := d.sys.createFile(device(name), genericRead, shareReadWrite)
	if err != nil {
		return false, failed("read", d.file, err)
	}
	flags, err := ask[uint32](d.sys, h, fsctlIsDirty)
	if err = errors.Join(err, d.sys.closeHandle(h)); err != nil {
		return false, failed("read", d.file, err)
	}
	return flags&volumeIsDirty != 0, nil
}
