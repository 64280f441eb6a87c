package cli

import "context"

// untilInterrupted returns a context that ends with the first interrupt. The caller calls stop.
func (a *app) untilInterrupted(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-a.Interrupts:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// twice is for work on many images: the first interrupt, or the end of the outer context, closes soft, and the next
// interrupt ends the context. The caller calls stop.
type twice struct {
	context.Context
	soft <-chan struct{}
	stop func()
}

// interruptedTwice begins to listen; told is called after the first interrupt.
func (a *app) interruptedTwice(outer context.Context, told func()) twice {
	ctx, cancel := context.WithCancel(context.WithoutCancel(outer))
	soft := make(chan struct{})
	go func() {
		select {
		case <-a.Interrupts:
		case <-outer.Done():
		case <-ctx.Done():
			return
		}
		close(soft)
		told()
		select {
		case <-a.Interrupts:
			cancel()
		case <-ctx.Done():
		}
	}()
	return twice{Context: ctx, soft: soft, stop: cancel}
}
