package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Streams are what connects a run to the process: its standard files and the user's interrupts.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer

	// Interrupts brings the signals that ask to end, such as Ctrl-C; nil: none come. The first stops a command; one that
	// works on many images finishes those in hand, and stops them with the second.
	Interrupts <-chan os.Signal
}

// The exit codes.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitChanges = 2  // of plan --detailed-exitcode
	exitMayPass = 75 // all that failed may pass by itself: EX_TEMPFAIL of sysexits.h, by which engines know what to run again
)

// app is what the commands share during one run.
type app struct {
	Streams              // Out is results
	results *results     // standard output
	json    bool         // --json
	lines   bool         // JSON is printed in lines, not in one document
	joins   int          // how many a join file declares, once it is read
	doing   fleet.Action // with them
	summary *jsonLine    // of the last run, printed when the command ends; nil: none
	stdin   io.Reader    // standard input, as far as no interrupt comes; of commands on one image
	started bool         // a command began its work, so that an error is not about usage any more
	flags   bool         // the command is told its options by flags, not in a join file: messages name them so
}

// Run carries out one command line, without the program's name, and returns the exit code: 0 when all went well, 1 when
// something was refused, failed or interrupted, 75 when all that failed may pass by itself, 2 when the command line is wrong. Plan --detailed-exitcode has Terraform's.
func Run(ctx context.Context, args []string, s Streams) int {
	out := &results{to: s.Out}
	s.Out = out
	a := &app{Streams: s, results: out}
	code := a.run(ctx, args)
	if err := out.failure(); err != nil {
		a.fail(err)
		if code != exitUsage || wantsDetailedExitCode(args) { // whose 2 means that there are changes, and that they were shown
			code = exitFailed
		}
	}
	return code
}

// run is Run, but for results that could not be written.
func (a *app) run(ctx context.Context, args []string) int {
	s := a.Streams
	root := a.root()
	showPaths(root, imagefs.ExamplePath())
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetErr(s.Err)

	defer a.endLines()
	if err := checkArguments(root, args); err != nil {
		cmd, _, notFound := root.Find(args)
		if notFound != nil {
			cmd = root
		}
		a.usage(cmd, args, err)
		return usageCode(args)
	}
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitOK
	case a.results.caused(err):
		return exitFailed // Run says it, in better words
	case errors.Is(err, errMayPass):
		return exitMayPass
	case errors.Is(err, errReported):
		return exitFailed
	case errors.Is(err, errChanges):
		return exitChanges
	case errors.Is(err, errUsage):
		return usageCode(args)
	case !a.started, isMisuse(err):
		a.usage(cmd, args, err)
		return usageCode(args)
	}
	a.fail(err)
	if offlinejoin.MayPass(err) {
		return exitMayPass
	}
	return exitFailed
}

// usageCode is the exit code of a wrong command line: of plan --detailed-exitcode, 2 would mean that there are changes.
func usageCode(args []string) int {
	if wantsDetailedExitCode(args) {
		return exitFailed
	}
	return exitUsage
}

// isMisuse reports whether an error is about the command line, found when its work had begun already.
func isMisuse(err error) bool {
	_, is := errors.AsType[options.WrongWords](err)
	return is
}

// misuse is an error about the command line (exit code 2). It has a code for the JSON document alone.
func misuse(format string, args ...any) error {
	return options.WrongWords{Err: winerr.Errorf(winerr.InvalidParameter, format, args...)}
}

var (
	// errReported ends a command that has already printed what is wrong.
	errReported = errors.New("reported")
	// errMayPass is errReported where all that is wrong may pass by itself.
	errMayPass = errors.New("may pass")
	// errUsage ends a command that has already printed that it was given something wrong.
	errUsage = errors.New("usage")
	// errChanges ends a plan that found something to do and was asked to report it by its exit code.
	errChanges = errors.New("changes")
)

// fail prints an error for people on standard error and, with --json, for programs on standard output. The names of files
// in the errors of the system and of libraries, and words that were typed, enter the output here.
func (a *app) fail(err error) {
	e := coded(err)
	switch _, isCoded := winerr.CodeOf(err); {
	case errors.Is(err, context.Canceled):
		err = errors.New(e.Message) // the user knows why, and Windows has no part in it
	case !isCoded:
		err = e
	}
	fmt.Fprintf(a.Err, "error: %s\n", a.asTyped(sentence(err.Error())))
	if a.json {
		a.printError(e.Code, a.asTyped(sentence(e.Message)))
	}
}

// errorFacts is an error as it stands in a document.
func (a *app) errorFacts(err error) *errorFacts {
	e := coded(err)
	return &errorFacts{Code: uint32(e.Code), Name: e.Code.Name(), Message: a.asTyped(sentence(e.Message))}
}

// printError prints an error for programs.
func (a *app) printError(code winerr.Code, message string) {
	facts := errorFacts{Code: uint32(code), Name: code.Name(), Message: message}
	if a.lines {
		a.printLine(jsonLine{Type: lineError, Error: &facts})
		return
	}
	_ = a.printJSON(errorDocument{SchemaVersion: schemaVersion, Error: facts})
}

// asTyped returns a message with options named as the user of this command types them.
func (a *app) asTyped(message string) string {
	if !a.flags {
		return message
	}
	return options.AsFlags(message)
}

// sentence makes an error's text safe for a line. Errors that were joined stand one after the other.
func sentence(text string) string { return plaintext.Line(strings.ReplaceAll(text, "\n", "; "), 0) }

// firstLine drops what cobra appends to some errors.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// begin returns a cobra RunE around work: from here on, errors are not about usage.
func (a *app) begin(work func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.started, a.flags = true, true
		if err := checkFile(args); err != nil {
			return err
		}
		ctx, stop := a.untilInterrupted(cmd.Context())
		defer stop()
		a.stdin = &interruptible{ctx: ctx, from: a.In}
		return work(ctx, args)
	}
}

// beginMany is begin for work on many images, which takes interrupts itself: the first does not end its context.
func (a *app) beginMany(work func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.started = true
		if err := checkFile(args); err != nil {
			return err
		}
		return work(cmd.Context(), args)
	}
}

// coded returns the coded error in err's chain, or one made of err with the code that codeFor finds.
func coded(err error) *winerr.Error {
	e, ok := errors.AsType[*winerr.Error](err)
	switch {
	case ok && errors.Is(err, context.Canceled):
		message := strings.ReplaceAll(e.Message, context.Canceled.Error(), "interrupted")
		return &winerr.Error{Code: winerr.Cancelled, Message: message, Err: err}
	case ok:
		return e
	case errors.Is(err, context.Canceled):
		return &winerr.Error{Code: winerr.Cancelled, Message: "stopped by an interrupt: every image is as it was, or done whole", Err: err}
	}
	return &winerr.Error{Code: codeFor(err), Message: err.Error(), Err: err}
}

// interrupted returns an error with what an interrupt means for a command that is about accounts, in whose place [coded] speaks of
// images. Others stay as they are.
func interrupted(err error, means string) error {
	if _, isCoded := winerr.CodeOf(err); isCoded || !errors.Is(err, context.Canceled) {
		return err
	}
	return &winerr.Error{Code: winerr.Cancelled, Message: "stopped by an interrupt: " + means, Err: err}
}

// untouched adds to a refusal that it came before anything was written. The refusal stays its cause.
func untouched(err error) error {
	e := coded(err)
	return &winerr.Error{Code: e.Code, Message: e.Message + ". Nothing was written.", Err: err}
}

// codeFor returns the documented code of an error that carries none.
func codeFor(err error) winerr.Code {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return winerr.FileNotFound
	case errors.Is(err, fs.ErrPermission):
		return winerr.AccessDenied
	case errors.Is(err, syscall.ENOSPC):
		return winerr.DiskFull
	case errors.Is(err, context.DeadlineExceeded):
		return winerr.Timeout
	case errors.Is(err, regf.ErrNotHive), errors.Is(err, regf.ErrCorrupt), errors.Is(err, regf.ErrUnrecoverable):
		return winerr.CantLoadOfflineHive
	}
	return winerr.InvalidParameter
}
