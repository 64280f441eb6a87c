package guest

import (
	"context"
	"errors"
	"strings"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Open returns the guest that a communicator reaches, and refuses one whose own running Windows windowsPath is (170).
func Open(ctx context.Context, comm packersdk.Communicator, windowsPath string) (remotedir.Machine, error) {
	if comm == nil {
		return nil, noGuest(errors.New("the builder has no communicator"))
	}
	// sh leaves %OS% alone and has no PSHOME; PowerShell has PSHOME; cmd replaces %OS% and leaves $PSHOME alone.
	told, err := probe(ctx, func(ctx context.Context) (result, error) {
		return run(ctx, comm, `echo "offlinejoin [$PSHOME] [%OS%]"`, nil, maxTold)
	})
	if err != nil {
		return nil, noGuest(err)
	}
	answer := strings.TrimSpace(string(told.stdout))
	switch {
	case strings.Contains(answer, "offlinejoin [] [%OS%]"):
		return openPosix(ctx, comm, windowsPath)
	case strings.Contains(answer, "offlinejoin ["):
		return openWindows(ctx, comm, windowsPath)
	}
	return nil, winerr.Errorf(winerr.NotSupported, "the guest answers to no command (%q): remote = true needs a guest "+
		"with a POSIX shell or with PowerShell, and a communicator that is not \"none\"", oneLine(answer+told.stderr))
}

func noGuest(err error) error {
	return winerr.Errorf(winerr.NotSupported, "remote = true needs a guest to talk to: use a builder with a communicator "+
		"(ssh or winrm), or leave remote out and give a path of this machine: %w", err)
}

// Running is the refusal of a Windows that the guest, or this machine, itself runs (170).
func Running(windowsPath string) error {
	return winerr.Errorf(winerr.Busy, "%s is the Windows that this guest is running, and its registry is in use: stage into "+
		"the finished image with the post-processor offlinejoin, or boot the guest into a rescue system or WinPE and name "+
		"the Windows directory as it is mounted there", windowsPath)
}
