package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// canAsk refuses to ask where nobody could read the question among JSON.
func (a *app) canAsk() error {
	if a.json {
		return winerr.Errorf(winerr.InvalidParameter, "with --json there is nobody to ask: give --yes, too. Nothing was "+
			"written.")
	}
	return nil
}

// ask wants the word yes from standard input, and returns an error when it gets another answer or is interrupted.
func (a *app) ask(ctx context.Context, question string) error {
	fmt.Fprintf(a.Out, "%s Only the word yes is taken for yes: ", question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.In).ReadString('\n') //nolint:errcheck // what cannot be read is no yes
		answer <- strings.TrimSpace(line)
	}()
	ctx, stop := a.untilInterrupted(ctx)
	defer stop()
	select {
	case given := <-answer:
		if f, isFile := a.In.(*os.File); !isFile || !isTerminal(f) {
			fmt.Fprintln(a.Out) // nobody has pressed Enter
		}
		if given == "yes" {
			return nil
		}
	case <-ctx.Done():
		fmt.Fprintln(a.Out)
	}
	return winerr.Errorf(winerr.InvalidParameter, "not confirmed: answer yes, or give --yes. Nothing was written.")
}
