package cli_test

import (
	"bytes"
	"context"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/offlinejoin/offlinejoin/internal/cli"
)

// exitCode is the script command `rc CODE ARGS…`: it runs the command line and wants exactly that exit code, which `!`
// cannot tell from another failure. File names are relative to the script's folder only when they start with $WORK.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: rc CODE ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var out, errOut bytes.Buffer
	got := cli.Run(context.Background(), args[1:], cli.Streams{In: os.Stdin, Out: &out, Err: &errOut})
	ts.Logf("%s%s", out.String(), errOut.String())
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
