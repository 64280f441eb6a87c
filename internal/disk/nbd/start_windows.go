package nbd

import (
	"context"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// Start always returns a *[container.Refused]: qemu-nbd on Windows takes no socket from us.
func Start(_ context.Context, _ Options) (*Disk, error) {
	return nil, &container.Refused{
		Kind: container.Unsupported, Detail: "this needs qemu-nbd, which this program does not use on Windows",
	}
}

// process is never there.
type process struct{}

func (*process) end() error { return nil }
func (*process) detach()    {}
