//go:build unix

package nbd

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Start opens an image with qemu-nbd. It returns a *[container.Refused] when qemu-nbd is not installed, an error that
// matches [ErrInUse] when another program has the image open, and what qemu-nbd printed when it cannot open it.
//
// When the context ends, so does qemu-nbd, and every call fails. Whatever happens the process is waited for: after Start
// has failed, or Close has returned, there is none.
func Start(ctx context.Context, o Options) (*Disk, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := Find()
	if err != nil {
		return nil, err
	}
	options, err := imageOptions(o)
	if err != nil {
		return nil, err
	}
	conn, listening, err := socket()
	if err != nil {
		return nil, fmt.Errorf("making a socket for qemu-nbd: %w", err)
	}
	p, err := launch(ctx, path, options, o.Change, conn, listening)
	if err = errors.Join(err, listening.Close()); err != nil {
		if p != nil {
			return nil, p.failure(ctx, err)
		}
		return nil, errors.Join(err, conn.Close())
	}
	if err := conn.SetDeadline(time.Now().Add(readyMost)); err != nil {
		return nil, p.failure(ctx, err)
	}
	c, err := negotiate(conn)
	if err != nil {
		return nil, p.failure(ctx, err)
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, p.failure(ctx, err)
	}
	p.talking.Store(true)
	return &Disk{c, p}, nil
}

// socket returns both ends of a connection that is not accepted yet: ours, and the listening socket to be passed on. The
// name that connected them is gone already.
func socket() (conn net.Conn, listening *os.File, err error) {
	dir, err := os.MkdirTemp("", "odj") // mode 0700
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unix"})
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	conn, err = net.DialUnix("unix", nil, &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unix"})
	if err != nil {
		return nil, nil, err
	}
	listening, err = l.File()
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return conn, listening, nil
}

// keeper runs qemu-nbd, and ends it when this process is gone.
//
//go:embed keeper.sh
var keeper string

// launch starts qemu-nbd with the listening socket as its descriptor 3 (sd_listen_fds(3)). LISTEN_PID must be its own
// process id, which a shell has before it becomes qemu-nbd.
func launch(
	ctx context.Context, path, options string, change bool, conn net.Conn, listening *os.File,
) (*process, error) {
	args := []string{"-c", keeper, "keeper", path, "--image-opts", options}
	if !change {
		args = append(args, "--read-only")
	}
	read, lives, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	cmd := exec.Command("/bin/sh", args...) // not bound to the context: launched ends it, and waits
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	cmd.ExtraFiles = []*os.File{listening, read}
	// A group of its own: a Ctrl-C is for us alone, since qemu-nbd ends with us.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	stderr := &tail{}
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, lives.Close())
	}
	return launched(ctx, cmd, stderr, conn.Close, lives.Close), nil
}

// kill ends qemu-nbd and what keeps it.
func (p *process) kill() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
