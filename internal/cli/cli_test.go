package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/hostiletext"
	"github.com/offlinejoin/offlinejoin/internal/term"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"offlinejoin": func() { os.Exit(runPlainly(os.Args[1:])) },
	})
}

// writesData are commands whose output is a file's content, not text for people.
var writesData = regexp.MustCompile(`^blob (answer-file|encrypt|decrypt) `)

// runPlainly runs a command line. When it prints what acts on a terminal, it ends as its scenario does not expect it.
func runPlainly(args []string) int {
	streams := cli.Process()
	if term.IsTerminal(streams.Out) || term.IsTerminal(streams.Err) { // which what stands between would hide
		return cli.Run(context.Background(), args, streams)
	}
	var out, errors bytes.Buffer
	streams.Out, streams.Err = io.MultiWriter(streams.Out, &out), io.MultiWriter(streams.Err, &errors)
	code := cli.Run(context.Background(), args, streams)
	if writesData.MatchString(strings.Join(args, " ")) {
		out.Reset()
	}
	found := hostiletext.Terminal(out.String() + errors.String())
	if found == nil {
		return code
	}
	fmt.Fprintf(os.Stderr, "this acts on a terminal: %q\n", found)
	if code == 0 {
		return 99
	}
	return 0
}

// TestScripts runs every scenario of testdata: what a user types, and what the terminal then shows.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"rc":   exitCode,
			"keys": makeKeys,
			"mode": fileMode,
		},
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
