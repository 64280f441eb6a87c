//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/bench/hives"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// The files in the folder of a measurement.
const (
	treeName  = "tree"       // a folder with Windows in it
	blobName  = "web01.blob" // of the machine WEB01
	smallName = "golden"     // a disk of smallSize with the Windows of the tree; an ending tells the format
	largeName = "large"      // a disk of largeSize with the same Windows
	heavyName = "heavy"      // as golden, with a hive of 100 MB
	lightName = "light"      // as golden, with the hive of a few KiB that samples have
)

const (
	smallSize   = 1 << 30
	largeSize   = 32 << 30
	volumeStart = 1 << 20 // in all disks
	treeFiles   = 2000    // in System32, so that its index has blocks
)

// makeAll makes the tree, the blob and the disks. It wants a process of its own, which becomes large.
func makeAll(shared, dir string) error {
	if err := hives.Write(shared, dir, true); err != nil {
		return err
	}
	windows, err := makeTree(dir)
	if err != nil {
		return err
	}
	for _, d := range []struct {
		name, hive string
		size       int64
	}{
		{lightName, lightName, smallSize},
		{heavyName, hives.LargeName, smallSize},
		{largeName, hives.CleanName, largeSize},
		{smallName, hives.CleanName, smallSize},
	} {
		if err := restoreTree(dir, d.hive); err != nil {
			return err
		}
		if err := makeDisk(filepath.Join(dir, d.name+".raw"), d.size, windows); err != nil {
			return fmt.Errorf("disk %s: %w", d.name, err)
		}
	}
	return convertAll(dir)
}

// makeTree makes a Windows directory, and keeps its small hive for restoreTree.
func makeTree(dir string) (windows string, err error) {
	if windows, err = sample.WriteTree(filepath.Join(dir, treeName), sample.Image{}); err != nil {
		return "", err
	}
	blob, err := sample.Blob()
	if err != nil {
		return "", err
	}
	defer blob.Wipe()
	if err := os.WriteFile(filepath.Join(dir, blobName), blob.DjoinFile(), 0o600); err != nil {
		return "", err
	}
	for i := range treeFiles {
		name := filepath.Join(windows, "System32", fmt.Sprintf("library%04d.dll", i))
		if err := os.WriteFile(name, make([]byte, 300), 0o600); err != nil {
			return "", err
		}
	}
	system, light := filepath.Join(windows, "System32", "config", "SYSTEM"), filepath.Join(dir, lightName)
	return windows, errors.Join(copyFile(light, system), copyFile(light+".LOG1", system+".LOG1"),
		os.WriteFile(filepath.Join(dir, hives.LargeName+".LOG1"), nil, 0o600))
}

// restoreTree makes the tree what it was before a stage, with one of the hives in the folder.
func restoreTree(dir, hive string) error {
	system32 := filepath.Join(dir, treeName, "Windows", "System32")
	err := os.Remove(filepath.Join(system32, completion.ProgramFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	system, from := filepath.Join(system32, "config", "SYSTEM"), filepath.Join(dir, hive)
	return errors.Join(err, copyFile(system, from), copyFile(system+".LOG1", from+".LOG1"))
}

// makeDisk makes a raw disk with a partition table and one partition, which holds the Windows directory.
func makeDisk(path string, size int64, windows string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close() // an error of what matters comes from the writes and Sync
	volume := path + ".volume"
	defer os.RemoveAll(volume)
	if err := format(volume, size-2*volumeStart); err != nil {
		return err
	}
	if err := fill(volume, size-2*volumeStart, windows); err != nil {
		return err
	}
	if err := f.Truncate(size); err != nil {
		return err
	}
	table := make([]byte, 512) // a master boot record: one entry at 446 (UEFI specification 2.10, 5.2.1)
	table[446+4] = 7           // NTFS
	binary.LittleEndian.PutUint32(table[446+8:], volumeStart/512)
	binary.LittleEndian.PutUint32(table[446+12:], uint32((size-2*volumeStart)/512))
	table[510], table[511] = 0x55, 0xaa
	if _, err := f.WriteAt(table, 0); err != nil {
		return err
	}
	return errors.Join(copySparse(f, volumeStart, volume), f.Sync())
}

func format(volume string, size int64) error {
	f, err := os.Create(volume)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
		return err
	}
	return command("mkntfs", "-q", "-Q", "-F", "-L", "OS", "-s", "512", "-c", "4096", "-p", "2048", "-H", "255", "-S", "63", volume)
}

// fill puts a Windows directory into a fresh volume.
func fill(volume string, size int64, windows string) error {
	f, err := os.OpenFile(volume, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close() // an error of what matters comes from the writes
	v, err := ntfs.Open(f, size)
	if err != nil {
		return err
	}
	tx, err := v.Begin(ntfs.Options{Now: time.Now()})
	if err != nil {
		return err
	}
	top := filepath.Dir(windows)
	err = filepath.WalkDir(windows, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return tx.Mkdir(filepath.ToSlash(name), ntfs.CreateOptions{})
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return tx.Create(filepath.ToSlash(name), data, ntfs.CreateOptions{Descriptor: completion.FileSecurity()})
	})
	if err != nil {
		return err
	}
	plan, err := tx.Plan()
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range plan.Fills {
		_, err := f.WriteAt(p.Data, p.Off)
		errs = append(errs, err)
	}
	for _, g := range plan.Groups {
		for _, p := range g.Patches {
			_, err := f.WriteAt(p.New, p.Off)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// convertAll makes the other containers.
func convertAll(dir string) error {
	for _, c := range []struct{ from, ending, format, options string }{
		{smallName, "qcow2", "qcow2", "cluster_size=64K"},
		{largeName, "qcow2", "qcow2", "cluster_size=64K"},
		{lightName, "qcow2", "qcow2", "cluster_size=64K"},
		{smallName, "2m.qcow2", "qcow2", "cluster_size=2M"},
		{smallName, "vhdx", "vhdx", "subformat=dynamic"},
		{lightName, "vhdx", "vhdx", "subformat=dynamic"},
		{smallName, "32m.vhdx", "vhdx", "subformat=dynamic,block_size=32M"},
	} {
		if err := command("qemu-img", "convert", "-f", "raw", "-O", c.format, "-o", c.options, filepath.Join(dir, c.from+".raw"),
			filepath.Join(dir, c.from+"."+c.ending)); err != nil {
			return err
		}
	}
	return nil
}

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %q: %w: %s", name, args, err, out)
	}
	return nil
}

// copyFile makes a copy without the holes of the source, and waits until it is on the disk, so that no measurement pays for it.
func copyFile(to, from string) error {
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	return errors.Join(copySparse(out, 0, from), out.Sync(), out.Close())
}

// copySparse copies a file into another one, without its pages of zeros.
func copySparse(to *os.File, at int64, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() // it was only read
	info, err := in.Stat()
	if err != nil {
		return err
	}
	page, zeros := make([]byte, 64<<10), make([]byte, 64<<10)
	for off := int64(0); off < info.Size(); {
		off, err = unix.Seek(int(in.Fd()), off, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) { // only a hole follows
			break
		}
		if err != nil {
			return err
		}
		n, err := in.ReadAt(page[:min(int64(len(page)), info.Size()-off)], off)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if !bytes.Equal(page[:n], zeros[:n]) {
			if _, err := to.WriteAt(page[:n], at+off); err != nil {
				return err
			}
		}
		off += int64(n)
	}
	now, err := to.Stat()
	if err != nil || now.Size() >= at+info.Size() {
		return err
	}
	return to.Truncate(at + info.Size())
}
