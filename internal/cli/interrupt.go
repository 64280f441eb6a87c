package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/term"
)

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

// interruptible reads until its context ends, whether or not a read of its source has come back by then.
type interruptible struct {
	ctx  context.Context
	from io.Reader
}

// Read implements [io.Reader]. What an abandoned read still brings is lost.
func (r *interruptible) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	own := make([]byte, len(p)) // the read may outlive the caller, who wipes p
	done := make(chan result, 1)
	go func() {
		n, err := r.from.Read(own)
		done <- result{n, err}
	}()
	select {
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	case got := <-done:
		n := copy(p, own[:got.n])
		clear(own)
		return n, got.err
	}
}

// gracefulStop is for work on many images: the first interrupt, or the end of the outer context, closes soft, and the
// next interrupt ends the context. The caller calls stop.
type gracefulStop struct {
	context.Context
	soft <-chan struct{}
	stop func()
}

// stopGracefully begins to listen; first is called after the first interrupt.
func (a *app) stopGracefully(outer context.Context, first func()) gracefulStop {
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
		first()
		select {
		case <-a.Interrupts:
			cancel()
		case <-ctx.Done():
		}
	}()
	return gracefulStop{Context: ctx, soft: soft, stop: cancel}
}

// canAsk refuses to ask where nobody could read the question among JSON.
func (a *app) canAsk() error {
	if a.json {
		return misuse("with --json there is nobody to ask: give --yes, too. Nothing was written.")
	}
	// Standard input that is no terminal and no pipe, such as /dev/null, answers nothing: it is told before any work.
	if f, ok := a.In.(*os.File); ok && !term.IsTerminal(f) && isNothing(f) {
		return misuse("there is no terminal to ask on: give --yes. Nothing was written.")
	}
	return nil
}

// isNothing reports whether a file can hold no answer: it is a device other than a terminal, such as /dev/null, or closed.
func isNothing(f *os.File) bool {
	info, err := f.Stat()
	return err != nil || info.Mode()&os.ModeDevice != 0
}

// ask wants the word yes from standard input, and returns an error when it gets another answer or is interrupted.
func (a *app) ask(ctx context.Context, question string) error {
	if _, err := fmt.Fprintf(a.Out, "%s Only the word yes is taken for yes: ", question); err != nil {
		return err // whatever is answered was not meant for a question that nobody has seen
	}
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.In).ReadString('\n') // what cannot be read is not taken for yes
		answer <- strings.TrimSpace(line)
	}()
	ctx, stop := a.untilInterrupted(ctx)
	defer stop()
	select {
	case given := <-answer:
		if !term.IsTerminal(a.In) {
			fmt.Fprintln(a.Out) // nobody has pressed Enter
		}
		if given == "yes" {
			return nil
		}
	case <-ctx.Done():
		fmt.Fprintln(a.Out)
		fmt.Fprintln(a.Err, "Not confirmed: interrupted. Nothing was written.")
		return errReported
	}
	fmt.Fprintln(a.Err, "Not confirmed: the answer was not yes. Nothing was written.")
	return errReported
}
