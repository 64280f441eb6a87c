package guest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
)

// result is what a command came to.
type result struct {
	code   int
	stdout []byte
	stderr string
}

// maxTold bounds what a command may print.
const maxTold = 64 << 20

// errLost is what is left of a connection that broke.
var errLost error = lost{}

type lost struct{}

func (lost) Error() string { return "the connection to the guest was lost" }

func (lost) Is(target error) bool { return target == remotedir.ErrLost }

// lostCode is what Packer's remote procedure calls report when they do not have the exit code of a command.
const lostCode = 123

// run runs one command on the guest and waits for its end, at most until the context's. The command may go on then.
func run(ctx context.Context, comm packersdk.Communicator, command string, stdin []byte, limit int64) (result, error) {
	stdout, stderr := &bounded{limit: limit}, &bounded{limit: 64 << 10}
	cmd := &packersdk.RemoteCmd{Command: command, Stdout: stdout, Stderr: stderr}
	if stdin != nil {
		cmd.Stdin = bytes.NewReader(stdin)
	}
	if err := ctx.Err(); err != nil {
		return result{}, err
	}
	ended := make(chan error, 1)
	go func() {
		if err := comm.Start(ctx, cmd); err != nil {
			ended <- err
			return
		}
		cmd.Wait()
		ended <- nil
	}()
	select {
	case <-ctx.Done():
		return result{}, ctx.Err()
	case err := <-ended:
		if err != nil {
			return result{}, fmt.Errorf("%w: %w", errLost, err)
		}
	}
	code := cmd.ExitStatus()
	if code == packersdk.CmdDisconnect || code == lostCode {
		return result{}, errLost
	}
	if stdout.over {
		return result{}, errors.New("the guest answers more than it was asked for")
	}
	return result{code: code, stdout: stdout.data, stderr: oneLine(string(stderr.data))}, nil
}

// probeLimit bounds each command that finds out what the guest is. They need milliseconds, and a slow guest seconds.
const probeLimit = time.Minute

// probe runs a command that finds out what the guest is, and gives it up when there is no answer in time.
func probe(ctx context.Context, ask func(context.Context) (result, error)) (result, error) {
	return probeWithin(ctx, probeLimit, ask)
}

func probeWithin(ctx context.Context, limit time.Duration, ask func(context.Context) (result, error)) (result, error) {
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	told, err := ask(within)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return result{}, fmt.Errorf("it gave no answer within %s: when the source has ssh_pty = true, leave that out", limit)
	}
	return told, err
}

// bounded keeps the first bytes that are written to it.
type bounded struct {
	limit int64
	data  []byte
	over  bool
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	keep := min(int64(len(p)), b.limit-int64(len(b.data)))
	b.over = b.over || keep < int64(len(p))
	b.data = append(b.data, p[:keep]...)
	return len(p), nil
}
