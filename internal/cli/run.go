package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Streams are the standard files of the process.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// app is what the commands share during one run.
type app struct {
	Streams
	json    bool // --json
	started bool // a command began its work, so that an error is not about usage any more
}

// Run carries out one command line, without the program's name, and returns the exit code.
func Run(ctx context.Context, args []string, s Streams) int {
	a := &app{Streams: s}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)

	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
		return exitFailed
	case !a.started:
		fmt.Fprintf(s.Err, "error: %v\nTry: %s --help\n", firstLine(err), cmd.CommandPath())
		return exitUsage
	}
	a.fail(err)
	return exitFailed
}

// errReported ends a command whose output already tells what is wrong.
var errReported = errors.New("reported")

// fail tells people on standard error and, with --json, programs on standard output.
func (a *app) fail(err error) {
	err = coded(err)
	fmt.Fprintf(a.Err, "error: %v\n", err)
	if !a.json {
		return
	}
	e, _ := errors.AsType[*winerr.Error](err)
	a.printJSON(errorDocument{
		SchemaVersion: schemaVersion,
		Error:         errorFacts{Code: uint32(e.Code), Name: e.Code.Name(), Message: e.Message},
	})
}

// firstLine drops what cobra appends to some errors.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// begin returns a cobra RunE around work: from here on, errors are not about usage.
func (a *app) begin(work func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.started = true
		return work(cmd.Context(), args)
	}
}
