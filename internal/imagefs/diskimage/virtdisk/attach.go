package virtdisk

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// disk is a virtual disk that Windows has attached for this process.
type disk struct {
	sys      *system
	file     string // absolute
	readOnly bool

	handle   handle
	open     bool
	attached bool
	number   uint32 // 3 of \\.\PhysicalDrive3
}

// attach has Windows open and attach a virtual disk, without a drive letter, until it is closed. Whatever fails, nothing
// stays attached or open.
func attach(sys *system, file string, device uint32, readOnly bool) (*disk, error) {
	d := &disk{sys: sys, file: file, readOnly: readOnly}
	if err := d.attach(device); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *disk) attach(device uint32) error {
	p := openParameters{Version: openVersion2}
	flags := uint32(attachNoLetter)
	if d.readOnly {
		p.ReadOnly = 1
		flags |= attachReadOnly
	}
	kind := microsoft(device)
	var err error
	if d.handle, err = d.sys.openVirtualDisk(&kind, d.file, accessNone, openFlagNone, &p); err != nil {
		return failed("opened", d.file, err)
	}
	d.open = true
	if err := d.sys.attachVirtualDisk(d.handle, flags, &attachParameters{Version: attachVersion1}); err != nil {
		return failed("attached", d.file, err)
	}
	d.attached = true
	path, err := d.sys.physicalPath(d.handle)
	if err != nil {
		return failed("found as a disk", d.file, err)
	}
	d.number, err = diskNumber(path)
	return err
}

// diskNumber returns the number in \\.\PhysicalDriveN.
func diskNumber(path string) (uint32, error) {
	const prefix = `\\.\physicaldrive`
	number, ok := strings.CutPrefix(strings.ToLower(path), prefix)
	n, err := strconv.ParseUint(number, 10, 32)
	if !ok || err != nil {
		return 0, winerr.Errorf(winerr.NotSupported, "Windows names the attached disk %q, where \\\\.\\PhysicalDrive and a number are documented",
			path)
	}
	return uint32(n), nil
}

// flush has the file system of a volume write what it holds to the disk.
func (d *disk) flush(volume string) (err error) {
	h, err := d.sys.createFile(device(volume), genericRead|genericWrite, shareReadWrite)
	if err != nil {
		return failed("flushed", d.file, err)
	}
	err = d.sys.flushFileBuffers(h)
	if err = errors.Join(err, d.sys.closeHandle(h)); err != nil {
		return failed("flushed", d.file, err)
	}
	return nil
}

// device is the name of a volume by which the volume itself is opened, and not the root of its file system.
func device(volume string) string { return strings.TrimSuffix(volume, `\`) }

// close detaches the disk and closes it. Windows detaches it with the last handle in any case; an error means that somebody
// else has one.
func (d *disk) close() error {
	var errs []error
	if d.attached {
		d.attached = false
		if err := d.sys.detachVirtualDisk(d.handle, detachFlagNone); err != nil {
			errs = append(errs, failed("detached", d.file, err))
		}
	}
	if d.open {
		d.open = false
		if err := d.sys.closeHandle(d.handle); err != nil {
			errs = append(errs, failed("closed", d.file, err))
		}
	}
	return errors.Join(errs...)
}

// mayAttach refuses, before anything is called, what Windows would refuse a process without an administrator's rights.
func (sys *system) mayAttach(ctx context.Context, file string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !sys.elevated() {
		return needsElevation(file)
	}
	return nil
}
