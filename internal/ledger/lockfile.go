package ledger

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/gofrs/flock"
)

// lockFile takes the lock on a file that is made for it, and waits for it in the system's own queue: whoever asks again and
// again finds it free only by luck, and 64 of them waited for seconds. A process that waits has one thread for it. The error
// is that of ctx when it ends before; the thread then gives the lock back once it gets it, or ends with the process.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	l := flock.New(path, flock.SetFlag(os.O_RDWR|os.O_CREATE|noFollow), flock.SetPermissions(0o600))
	release := func() { _ = l.Close() } // the lock ends with the file
	held, err := l.TryLock()
	switch {
	case err != nil:
		return nil, err
	case held:
		return release, nil
	}
	locked := make(chan error, 1)
	go func() { locked <- lockInterrupted(l) }()
	select {
	case err := <-locked:
		if err != nil {
			return nil, err
		}
		return release, nil
	case <-ctx.Done():
		go func() {
			if <-locked == nil {
				release()
			}
		}()
		return nil, ctx.Err()
	}
}

// lockInterrupted waits for a lock although signals come in between.
func lockInterrupted(l *flock.Flock) error {
	for {
		if err := l.Lock(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
