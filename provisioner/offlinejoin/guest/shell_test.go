package guest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
)

// shell is a communicator to this very machine: each command is run by a shell of its own, as sshd does it.
type shell struct {
	packersdk.MockCommunicator
	name     string       // of the shell; empty: sh
	prefix   string       // set before each script, such as variables
	commands atomic.Int64 // that were started
	breaks   int64        // the number of the command before, or after, which the connection breaks; 0: never
	after    bool         // it breaks after that command has done its work
	stops    int64        // how many steps are done, in all commands, when the connection breaks; 0: it does not
	steps    atomic.Int64 // that were done
	cuts     int64        // how many bytes of what is sent arrive before the connection breaks; 0: all
}

func (s *shell) Start(ctx context.Context, cmd *packersdk.RemoteCmd) error {
	n := s.commands.Add(1)
	broken := s.breaks > 0 && n >= s.breaks
	if broken && (!s.after || n > s.breaks) {
		return errors.New("broken pipe")
	}
	name := s.name
	if name == "" {
		name = "sh"
	}
	command := cmd.Command
	if strings.HasPrefix(command, "sh ") {
		command = s.prefix + command
	}
	c := exec.CommandContext(ctx, name, "-c", command)
	c.Stdin, c.Stdout, c.Stderr = cmd.Stdin, cmd.Stdout, cmd.Stderr
	if s.cuts > 0 && cmd.Stdin != nil {
		cut := &cutReader{from: cmd.Stdin, left: &s.cuts}
		c.Stdin = cut
	}
	stop := &stopWriter{to: cmd.Stdout, shell: s, kill: func() { _ = c.Process.Kill() }} // it may have ended
	if s.stops > 0 {
		c.Stdout = stop
	}
	if err := c.Start(); err != nil {
		return err
	}
	go func() {
		err := c.Wait()
		if broken || s.cuts < 0 || stop.stopped {
			cmd.SetExited(packersdk.CmdDisconnect)
			return
		}
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			cmd.SetExited(packersdk.CmdDisconnect)
			return
		}
		cmd.SetExited(c.ProcessState.ExitCode())
	}()
	return nil
}

// cutReader ends early. What is left of the connection's bytes is -1 then.
type cutReader struct {
	from io.Reader
	left *int64
}

func (r *cutReader) Read(p []byte) (int, error) {
	if *r.left <= 0 {
		*r.left = -1
		return 0, io.EOF
	}
	n, err := r.from.Read(p[:min(int64(len(p)), *r.left)])
	*r.left -= int64(n)
	return n, err
}

// stopWriter kills a command that has done enough steps.
type stopWriter struct {
	to      io.Writer
	shell   *shell
	kill    func()
	stopped bool
}

func (w *stopWriter) Write(p []byte) (int, error) {
	for range bytes.Count(p, []byte("offlinejoin did a step\n")) {
		if w.shell.steps.Add(1) == w.shell.stops {
			w.stopped = true
			w.kill()
		}
	}
	return w.to.Write(p)
}

func (s *shell) Upload(string, io.Reader, *os.FileInfo) error {
	return errors.New("a POSIX guest needs no upload")
}

func (s *shell) Download(string, io.Writer) error {
	return errors.New("a POSIX guest needs no download")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
