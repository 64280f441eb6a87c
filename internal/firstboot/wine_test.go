package firstboot

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/testenv/wine"
)

// underWine runs the program that lies in the guest under Wine, in the registry of the guest. The power goes when Wine's processes
// are ended.
type underWine struct{ prefix *wine.Prefix }

func (u underWine) run(t testing.TB, g *guest, interrupt bool) (r ran, err error) {
	t.Helper()
	content, err := imagefs.ReadFile(g, g.file(programFile), maxFile)
	if err != nil {
		return r, err
	}
	u.prefix.TakeOver(t, g.system)
	exe := u.prefix.Install(t, completion.ProgramFile, bytes.NewReader(content))
	log := filepath.Join(u.prefix.Path("windows"), "debug", "offlinejoin.log")
	if err := os.Remove(log); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	if interrupt {
		u.prefix.Interrupt(t, exe)
	} else {
		code := uint32(0)
		if !workstationStarts(g) {
			code = 2138
		}
		result := u.prefix.Run(t, exe, wine.Returns(code))
		calls := u.prefix.Calls(t)
		if result.ExitCode == 0 && len(calls) == 1 {
			r.joined, r.restart = calls[0].Blob, true
		}
		t.Logf("%s has ended with %d after %d calls of Windows' function%s", completion.ProgramFile, result.ExitCode, len(calls), result.Output)
	}
	u.prefix.GiveBack(t, g.system)
	if r.log, err = os.ReadFile(log); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	if !interrupt { // it has not come to asking for its removal
		u.prefix.Boot(t)
		_, err = os.Stat(exe)
		r.removed = errors.Is(err, fs.ErrNotExist)
	}
	return r, nil
}

// The scenarios with the real program: two in an ordinary run of all tests, and all of them in `make first-boot-simulated`.
func TestFirstBootsUnderWine(t *testing.T) {
	t.Parallel()
	m := newSimulated(t, underWine{wine.New(t)})
	s := setupFor(t)
	if !long() {
		s.Only = []string{"good", "power-cut-in-program"}
	}
	e, err := Run(t.Context(), m, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range e.Steps {
		if step.Result != claims.Passed {
			t.Errorf("%+v", step)
		}
		t.Logf("%s %s", step.Result, step.Step)
	}
	if found := m.secretsIn(s.Dir); found != nil {
		t.Errorf("a blob is in %v", found)
	}
}
