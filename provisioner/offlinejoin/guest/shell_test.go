package guest_test

import (
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
	if err := c.Start(); err != nil {
		return err
	}
	go func() {
		err := c.Wait()
		if broken {
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
