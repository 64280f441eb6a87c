package e2e

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// kills ends `offlinejoin stage` and `unstage` by SIGKILL at random instants. Whatever the instant, the image is whole, in
// the old or in the new state, and the same command finishes the work. The instants are only a draw; that no instant does
// harm is what the crash simulation of package regf shows.
func kills(t *testing.T, p programs) {
	t.Parallel()
	secret, blob := sampletest.Blob(t)
	search := canary.ForBlob(secret.Bytes(), secret.MachinePassword())
	const rounds = 16
	killed := 0
	windows := realImage(t, t.TempDir())
	for i := range rounds {
		args := []string{"stage", "--windows-path", windows, "--blob-file", blob}
		wanted := offlinejoin.StateStaged
		if i%2 == 1 {
			args, wanted = []string{"unstage", "--windows-path", windows}, offlinejoin.StateAbsent
		}
		took := run(t, p, args, -1, nil)
		undo(t, p, windows, blob, wanted)
		run(t, p, args, time.Duration(rand.Int64N(int64(took))), &killed) // a draw, not a secret
		isWhole(t, windows)
		if st := stateOf(t, p, windows); st != offlinejoin.StateAbsent && st != offlinejoin.StateStaged {
			t.Fatalf("round %d: the image is %s", i, st)
		}
		run(t, p, args, -1, nil)
		isWhole(t, windows)
		if st := stateOf(t, p, windows); st != wanted {
			t.Fatalf("round %d: after %q the image is %s", i, args, st)
		}
		if wanted == offlinejoin.StateAbsent {
			nothingLeft(t, windows, search)
		}
	}
	if _, err := os.Stat(filepath.Join(windows, "System32", "odjboot.tmp")); err == nil {
		t.Error("a temporary file is left")
	}
	t.Logf("%d of %d runs were killed on the way", killed, rounds)
	if killed == 0 {
		t.Error("no run was killed: this test proves nothing")
	}
}

// nothingLeft fails when an image holds the blob, its password or the completion program.
func nothingLeft(t *testing.T, windows string, search *canary.Search) {
	t.Helper()
	found, _, err := search.InTree(filepath.Dir(windows), nil)
	must(t, err)
	if len(found) > 0 {
		t.Errorf("after unstage the image holds %v", found)
	}
	if _, err := os.Stat(filepath.Join(windows, "System32", "odjboot.exe")); err == nil {
		t.Error("after unstage the program is still in the image")
	}
}

// run runs a command, to its end when after is negative, and else kills it after that time. It returns how long it ran.
func run(t *testing.T, p programs, args []string, after time.Duration, killed *int) time.Duration {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, p.command(), args...)
	start := time.Now()
	must(t, cmd.Start())
	if after >= 0 {
		time.AfterFunc(after, cancel)
	}
	err := cmd.Wait()
	switch {
	case ctx.Err() != nil && err != nil:
		*killed++
	case err != nil:
		t.Fatalf("%q: %v", args, err)
	}
	return time.Since(start)
}

// undo brings the image back to where the command that wants a state begins.
func undo(t *testing.T, p programs, windows, blob string, wanted offlinejoin.State) {
	t.Helper()
	if wanted == offlinejoin.StateStaged {
		run(t, p, []string{"unstage", "--windows-path", windows}, -1, nil)
		return
	}
	run(t, p, []string{"stage", "--windows-path", windows, "--blob-file", blob}, -1, nil)
}

func stateOf(t *testing.T, p programs, windows string) offlinejoin.State {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), p.command(), "status", "--windows-path", windows, "--json").Output()
	must(t, err)
	var st offlinejoin.Status
	must(t, json.Unmarshal(out, &st))
	return st.State
}
