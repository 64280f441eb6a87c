package ledger

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"

	"github.com/gofrs/flock"
)

// queues has for each lock a channel with room for the one of this process that asks for it: a process stands in the system's
// queue once, and its own come one after the other, in their order.
var queues sync.Map

// lockFile takes the lock on a file that is made for it, and waits for it in the system's own queue: whoever asks again and
// again finds it free only by luck, and 64 of them waited for seconds. A process that waits has one thread for it. The error
// is that of ctx when it ends before; the thread then gives the lock back once it gets it, or ends with the process. A lock that
// is free is taken even when the time of ctx has run out: on a busy machine a short time may be over before the first look.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil, ctx.Err()
	}
	queue, _ := queues.LoadOrStore(path, make(chan struct{}, 1))
	turn, is := queue.(chan struct{})
	if !is {
		return nil, errors.ErrUnsupported // cannot be: nothing else is stored
	}
	select {
	case turn <- struct{}{}:
	default:
		select {
		case turn <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	release, err := lockForProcess(ctx, path)
	if err != nil {
		<-turn
		return nil, err
	}
	return func() {
		release()
		<-turn
	}, nil
}

// lockForProcess is lockFile for the one of this process whose turn it is.
func lockForProcess(ctx context.Context, path string) (unlock func(), err error) {
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
