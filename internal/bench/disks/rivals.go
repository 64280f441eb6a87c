//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// errAbsent is why a rival cannot be measured here.
var errAbsent = errors.New("not possible here")

// rival is another way to reach the Windows in a disk: it mounts it, and our stage of a mounted tree does the rest.
type rival struct {
	name  string
	own   subject // the same work without it
	needs []string
	join  func(r *rivalRun) error
}

// benchRivals measures what can be done without our own readers of disks, next to what they do.
func (j joins) benchRivals(runs int) error {
	fmt.Println("\nthe same join by a mount and our stage of the mounted tree, mounting and unmounting included")
	return j.show(runs, []rival{
		{
			"loop + ntfs-3g + our stage (raw)", j.inPlace("raw in place", "golden.raw"),
			[]string{"losetup", "ntfs-3g", "umount"},
			func(r *rivalRun) error { return r.throughLoop(r.disk) },
		},
		{
			"qemu-storage-daemon + FUSE + loop + ntfs-3g + our stage (qcow2)", j.inPlace("qcow2 in place", "golden.qcow2"),
			[]string{"qemu-storage-daemon", "losetup", "ntfs-3g", "umount"},
			(*rivalRun).throughDaemon,
		},
	})
}

// benchGuestmount measures guestmount alone, which starts a virtual machine.
func (j joins) benchGuestmount() error {
	machine := "with KVM"
	// Where KVM is there and does not work for its machine, libguestfs is told to do without by this.
	forced := strings.Contains(os.Getenv("LIBGUESTFS_BACKEND_SETTINGS"), "force_tcg")
	if _, err := os.Stat("/dev/kvm"); err != nil || forced {
		machine = "without KVM: the virtual machine is emulated, which is many times slower"
	}
	fmt.Println("\nguestmount + our stage (qcow2), " + machine)
	return j.show(1, []rival{{
		"guestmount + our stage (qcow2)", j.inPlace("qcow2 in place", "golden.qcow2"),
		[]string{"guestmount", "guestunmount"},
		(*rivalRun).throughGuestmount,
	}})
}

// show measures and prints rivals, each next to our own way in turn.
func (j joins) show(runs int, rivals []rival) error {
	for _, r := range rivals {
		own, theirs, err := j.compare(runs, r)
		if errors.Is(err, errAbsent) {
			fmt.Printf("  %s: %v\n", r.name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		t := newTable(own, "own")
		t.row(r.own.name, own)
		t.row(r.name, theirs)
		if err := t.Flush(); err != nil {
			return err
		}
		fmt.Printf("  time: %.1f times\n", float64(median(theirs.wall))/float64(median(own.wall)))
	}
	return nil
}

func (j joins) compare(runs int, r rival) (own, theirs figures, err error) {
	for _, tool := range r.needs {
		if _, err := exec.LookPath(tool); err != nil {
			return own, theirs, fmt.Errorf("%w: %s is not installed", errAbsent, tool)
		}
	}
	for range runs {
		if err := errors.Join(r.own.prepare(), own.run(ours(r.own.args...)), r.own.prepare()); err != nil {
			return own, theirs, err
		}
		run := rivalRun{joins: j, disk: r.own.args[len(r.own.args)-1]}
		if run.dir, err = os.MkdirTemp(j.dir, "mount-"); err != nil {
			return own, theirs, err
		}
		start := time.Now()
		err := r.join(&run)
		took := time.Since(start)
		if err := errors.Join(err, os.RemoveAll(run.dir)); err != nil {
			return own, theirs, err
		}
		theirs.add(took, run.total())
	}
	return own, theirs, nil
}

// rivalRun is one run of a rival.
type rivalRun struct {
	joins
	disk    string
	dir     string        // for mounts
	cpu     time.Duration // of the commands
	servers []*exec.Cmd   // all of which have ended after a run
}

// total is the time of all processes.
func (r *rivalRun) total() time.Duration {
	cpu := r.cpu
	for _, s := range r.servers {
		cpu += used(s.ProcessState)
	}
	return cpu
}

// command runs a command to its end and returns what it prints.
func (r *rivalRun) command(cmd *exec.Cmd) (string, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.ProcessState != nil {
		r.cpu += used(cmd.ProcessState)
	}
	if err != nil {
		err = fmt.Errorf("%q: %w: %s", cmd.Args, err, strings.TrimSpace(out.String()))
	}
	return strings.TrimSpace(out.String()), err
}

// stageIn stages into the mounted tree.
func (r *rivalRun) stageIn(mount string) error {
	_, err := r.command(ours(r.stage("--windows-path", filepath.Join(mount, "Windows"))...))
	return err
}

// throughLoop stages by a loop device on the partition of a raw disk, and ntfs-3g.
func (r *rivalRun) throughLoop(disk string) error {
	info, err := os.Stat(disk)
	if err != nil {
		return err
	}
	device, err := r.command(exec.Command("losetup", "--find", "--show", "--offset", strconv.Itoa(volumeStart),
		"--sizelimit", strconv.FormatInt(info.Size()-2*volumeStart, 10), disk))
	if err != nil {
		return fmt.Errorf("%w: %w", errAbsent, err)
	}
	err = r.throughNTFS3G(device)
	_, detach := r.command(exec.Command("losetup", "--detach", device))
	return errors.Join(err, detach)
}

// throughNTFS3G stages by a mount of a device. The driver stays in the foreground, so that its time is known.
func (r *rivalRun) throughNTFS3G(device string) error {
	mount := filepath.Join(r.dir, "windows")
	if err := os.Mkdir(mount, 0o700); err != nil {
		return err
	}
	ended, stop, err := r.background(exec.Command("ntfs-3g", "-o", "no_detach", device, mount))
	if err != nil {
		return err
	}
	if err := waitUntil(ended, func() bool { return exists(filepath.Join(mount, "Windows")) }); err != nil {
		return errors.Join(err, stop())
	}
	err = r.stageIn(mount)
	_, unmount := r.command(exec.Command("umount", mount))
	if unmount != nil {
		return errors.Join(err, unmount, stop())
	}
	return errors.Join(err, <-ended)
}

// throughDaemon stages by a raw disk that qemu-storage-daemon shows of a qcow2 image.
func (r *rivalRun) throughDaemon() error {
	raw := filepath.Join(r.dir, "raw")
	if err := os.WriteFile(raw, nil, 0o600); err != nil {
		return err
	}
	ended, stop, err := r.background(exec.Command("qemu-storage-daemon",
		"--blockdev", "driver=file,node-name=file,filename="+r.disk,
		"--blockdev", "driver=qcow2,node-name=disk,file=file",
		"--export", "type=fuse,id=export,node-name=disk,writable=on,mountpoint="+raw))
	if err != nil {
		return err
	}
	shown := func() bool {
		info, err := os.Stat(raw)
		return err == nil && info.Size() > 0
	}
	if err := waitUntil(ended, shown); err != nil {
		return fmt.Errorf("%w: %w", errAbsent, errors.Join(err, stop()))
	}
	return errors.Join(r.throughLoop(raw), stop())
}

// throughGuestmount stages by libguestfs, whose virtual machine mounts the disk.
func (r *rivalRun) throughGuestmount() error {
	mount, pidFile := filepath.Join(r.dir, "windows"), filepath.Join(r.dir, "pid")
	if err := os.Mkdir(mount, 0o700); err != nil {
		return err
	}
	cmd := exec.Command("guestmount", "-a", r.disk, "-m", "/dev/sda1", "--rw", "--no-fork", "--pid-file", pidFile, mount)
	cmd.Env = append(os.Environ(), "LIBGUESTFS_BACKEND=direct")
	ended, stop, err := r.background(cmd)
	if err != nil {
		return err
	}
	if err := waitUntil(ended, func() bool { return exists(filepath.Join(mount, "Windows")) }); err != nil {
		return fmt.Errorf("%w: %w", errAbsent, errors.Join(err, stop()))
	}
	err = r.stageIn(mount)
	if _, unmount := r.command(exec.Command("guestunmount", mount)); unmount != nil {
		return errors.Join(err, unmount, stop())
	}
	return errors.Join(err, <-ended)
}

// background starts a server. Its end arrives in ended; stop ends it, and waits for that.
func (r *rivalRun) background(cmd *exec.Cmd) (ended chan error, stop func() error, err error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	r.servers = append(r.servers, cmd)
	ended = make(chan error, 1)
	go func() {
		err := cmd.Wait()
		if err != nil {
			err = fmt.Errorf("%q: %w: %s", cmd.Args, err, strings.TrimSpace(out.String()))
		}
		ended <- err
	}()
	stop = func() error {
		if err := cmd.Process.Signal(unix.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		if err := <-ended; cmd.ProcessState.Exited() {
			return err
		}
		return nil // by the signal
	}
	return ended, stop, nil
}

// mostWait is how long a mount may take: a virtual machine that is emulated starts in minutes.
const mostWait = 20 * time.Minute

// waitUntil waits for a server to be ready. It returns an error when the server ends first, and puts its end back.
func waitUntil(ended chan error, ready func() bool) error {
	for giveUp := time.Now().Add(mostWait); time.Now().Before(giveUp); time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-ended:
			ended <- err
			return errors.Join(errors.New("it ended before it was ready"), err)
		default:
		}
		if ready() {
			return nil
		}
	}
	return fmt.Errorf("not ready after %v", mostWait)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
