//go:build unix

package nbd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

const (
	readyMost  = time.Minute      // until the negotiation is done
	endMost    = 10 * time.Second // until qemu-nbd has ended by itself, and once more until it has obeyed
	stderrMost = 8 << 10
)

// imageOptions describes the image to qemu, with the files that it stands on. Nothing is guessed, and no name is taken for a
// protocol's.
func imageOptions(o Options) (string, error) {
	var all []string
	prefix := ""
	for _, l := range append([]Layer{{o.Path, o.Format}}, o.Below...) {
		options, err := layerOptions(prefix, l)
		if err != nil {
			return "", err
		}
		all = append(all, options)
		prefix += "backing."
	}
	if o.DataFile != "" {
		options, err := layerOptions("data-file.", Layer{o.DataFile, container.Raw})
		if err != nil {
			return "", err
		}
		all = append(all, options)
	}
	return strings.Join(all, ","), nil
}

// layerOptions describes one file; the prefix is what its place is called.
func layerOptions(prefix string, l Layer) (string, error) {
	info, err := os.Stat(l.Path)
	if err != nil {
		return "", err
	}
	driver := "file"
	switch {
	case info.Mode().IsRegular():
	case info.Mode()&os.ModeDevice != 0 && info.Mode()&os.ModeCharDevice == 0:
		driver = "host_device"
	default:
		return "", &container.Refused{Kind: container.NotFile}
	}
	options := prefix + "driver=" + string(l.Format)
	switch l.Format {
	case container.QCOW2, container.VHDX, container.VMDK, container.Raw:
	case container.VHD:
		options += "," + prefix + "force_size_calc=current_size"
	default:
		return "", fmt.Errorf("qemu-nbd is not asked to open the format %q", l.Format)
	}
	return options + "," + prefix + "file.driver=" + driver + "," + prefix + "file.filename=" +
		strings.ReplaceAll(l.Path, ",", ",,"), nil
}

// process is a running qemu-nbd.
type process struct {
	cmd    *exec.Cmd
	stderr *tail
	hangUp func() error // closes our end of the connection
	letGo  func() error // has the keeper of the process end it
	stop   func() bool  // ends the watch over the context

	talking atomic.Bool // the negotiation is done: from now on qemu-nbd ends when the connection does
	once    sync.Once
	done    chan struct{} // closed when it has ended
	err     error         // how it ended; to be read after done
}

// launched watches over a started process: it is waited for, and ended when the context is.
func launched(ctx context.Context, cmd *exec.Cmd, stderr *tail, hangUp, letGo func() error) *process {
	p := &process{
		cmd: cmd, stderr: stderr, hangUp: sync.OnceValue(hangUp), letGo: sync.OnceValue(letGo), done: make(chan struct{}),
	}
	go func() {
		p.err = cmd.Wait()
		_ = p.letGo() // the pipe; the keeper is gone
		close(p.done)
	}()
	p.stop = context.AfterFunc(ctx, p.interrupt)
	return p
}

// detach ends the watch over the context.
func (p *process) detach() { p.stop() }

// end hangs up, at which qemu-nbd writes what it has and ends, and waits for that.
func (p *process) end() error {
	p.stop()
	p.interrupt()
	if p.err != nil {
		return fmt.Errorf("qemu-nbd did not end well (%w): %s", p.err, p.stderr)
	}
	return nil
}

// interrupt ends the process, whatever it is doing, and returns when it has ended: it is left time to end by itself if it
// will, then asked to (qemu-nbd then flushes), then killed.
func (p *process) interrupt() {
	p.once.Do(func() {
		_ = p.hangUp() // what was not flushed is lost either way
		if !p.talking.Load() {
			_ = p.letGo()
		}
		for _, insist := range []func(){func() { _ = p.letGo() }, p.kill} {
			select {
			case <-p.done:
				return
			case <-time.After(endMost):
				insist()
			}
		}
	})
	<-p.done
}

// failure returns why qemu-nbd did not get ready, given what the connection said.
func (p *process) failure(ctx context.Context, cause error) error {
	_ = p.end()
	if err := ctx.Err(); err != nil {
		return err
	}
	said := p.stderr.String()
	if strings.Contains(said, "Failed to get") && strings.Contains(said, "lock") {
		return fmt.Errorf("%w (%s)", ErrInUse, said)
	}
	if said == "" {
		return fmt.Errorf("starting qemu-nbd: %w", cause)
	}
	return errors.New(said)
}

// tail keeps the end of what a program prints.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	t.kept = t.kept[max(0, len(t.kept)-stderrMost):]
	return len(p), nil
}

// String returns the last three lines as one, in letters that can be shown.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(t.kept), []byte("\n"))
	last := bytes.Join(lines[max(0, len(lines)-3):], []byte(" "))
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(string(last), "?"))
}
