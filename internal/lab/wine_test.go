package lab

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/wine"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// The program as people run it, in a Windows by Wine: what Wine lacks is skipped with the reason, and a function that returns one
// code for everything passes the steps of that code and fails the others.
func TestTheProgramUnderWine(t *testing.T) {
	prefix := wine.New(t)
	installed := prefix.Install(t, "offlinejoin-lab.exe", labProgram(t))
	for code, passes := range map[winerr.Code]string{
		winerr.Success:            "request-of-our-blob",
		winerr.BadOfflineJoinInfo: "request-of-a-damaged-blob request-of-half-a-blob",
	} {
		out := prefix.Path("evidence-" + code.Name() + ".json")
		ran := prefix.RunWith(t, []string{wine.Returns(uint32(code))}, installed, "-out", `C:\`+filepath.Base(out))
		raw, err := os.ReadFile(out)
		if err != nil {
			t.Fatalf("%v; the program said %+v", err, ran)
		}
		e, err := claims.Read(bytes.NewReader(raw))
		if err != nil || e.System.Kind != claims.Wine || len(e.Steps) != len(Steps()) {
			t.Fatalf("%v\n%s", err, raw)
		}
		for _, s := range e.Steps {
			want := claims.Failed
			switch {
			case strings.HasPrefix(s.Step, "hives-"), strings.HasPrefix(s.Step, "volume-"):
				want = claims.Skipped
			case strings.Contains(passes, s.Step):
				want = claims.Passed
			}
			if s.Result != want {
				t.Errorf("code %d: %+v, want %s", code, s, want)
			}
		}
		if bytes.Contains(raw, []byte(`C:\\`)) || bytes.Contains(raw, []byte("/tmp/")) {
			t.Errorf("a path is in the evidence:\n%s", raw)
		}
	}
}

// Blobs that Samba made are handed to Windows' function as they are.
func TestBlobsOfSambaUnderWine(t *testing.T) {
	shared := testenv.Shared(t, "testdata/blobs")
	prefix := wine.New(t)
	installed := prefix.Install(t, "offlinejoin-lab.exe", labProgram(t))
	if err := os.Mkdir(prefix.Path("blobs"), 0o700); err != nil {
		t.Fatal(err)
	}
	var want [][]byte
	for i, name := range []string{"01-basic.b64", "02-ou-dcname.txt", "04-ou-unicode.bin"} {
		content, err := os.ReadFile(filepath.Join(shared, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(prefix.Path("blobs", fmt.Sprint(i)), content, 0o600); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(filepath.Join(shared, strings.TrimSuffix(name, filepath.Ext(name))+".bin"))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, raw)
	}
	ran := prefix.RunWith(t, []string{wine.Returns(0)}, installed, "-out", `C:\evidence.json`, "-blobs", `C:\blobs`)
	calls := prefix.Calls(t)
	if len(calls) < len(want) {
		t.Fatalf("%d calls; the program said %s", len(calls), ran.Output)
	}
	for i, c := range calls[len(calls)-len(want):] {
		if !bytes.Equal(c.Blob, want[i]) {
			t.Errorf("blob %d: %d bytes came to Windows' function, want the %d of Samba", i+1, len(c.Blob), len(want[i]))
		}
		if step := fmt.Sprintf("passed   request-of-blob-%d ", i+1); !strings.Contains(ran.Output, step) {
			t.Errorf("no %q in %s", step, ran.Output)
		}
	}
}

// labProgram builds the program for a Windows by Wine.
func labProgram(t *testing.T) *os.File {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "offlinejoin-lab.exe")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", exe, "./offlinejoin-lab")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() }) // only read
	return program
}

// A Windows that may be spent: the completion program is run by Wine's service manager in the place of SYSTEM, on joins that the core
// has staged, first with a function that refuses everything, then with one that takes everything. What Wine lacks is skipped with the
// reason: hives, an event log, access lists, a restart, a membership, a Workstation service.
//
// What Wine itself has shown is docs/evidence/wine-8.0-amd64.json, which is written to the file OFFLINEJOIN_EVIDENCE (make lab-wine).
func TestAThrowawayWindowsUnderWine(t *testing.T) {
	w := spentUnderWine{t, wine.New(t), ""}
	w.program = w.prefix.Install(t, "offlinejoin-lab.exe", labProgram(t))

	w.functionReturns(winerr.BadOfflineJoinInfo)
	refuses, _ := w.run("refuses.json", "-no-join")
	w.functionReturns(winerr.Success)
	if e, said := w.run("takes.json"); e != nil || !strings.Contains(said, "restart it, and run the same command again") {
		t.Fatalf("evidence before the restart; the program said %s", said)
	}
	w.prefix.Boot(t)
	takes, said := w.run("takes.json")
	if refuses == nil || takes == nil {
		t.Fatalf("no evidence; the program said %s", said)
	}
	if _, err := os.Lstat(w.prefix.Path("takes.json.unfinished")); err == nil {
		t.Error("the progress is still there")
	}

	lacking := strings.Fields("spent-bytes-gone spent-access-list spent-event spent-workstation-stopped spent-join-restarts spent-join-member " +
		"spent-join-event")
	for name, s := range refuses {
		want := claims.Passed
		if slices.Contains(lacking, name) || strings.HasPrefix(name, "spent-join") {
			want = claims.Skipped
		}
		if strings.HasPrefix(name, "spent-") && s.Result != want {
			t.Errorf("%+v, want %s", s, want)
		}
	}
	for name, s := range takes {
		want := claims.Passed
		switch damaged := ofFunction(s) || s.Reason == "state completed, result 0"; {
		case slices.Contains(lacking, name) && s.Result == claims.Skipped:
			want = claims.Skipped
		case damaged && !strings.HasPrefix(name, "spent-join"):
			want = claims.Failed // a damaged blob was taken
		}
		if strings.HasPrefix(name, "spent-") && s.Result != want {
			t.Errorf("%+v, want %s", s, want)
		}
	}
	if len(refuses) != len(Steps())+len(allSpent()) || len(takes) != len(refuses) {
		t.Errorf("%d and %d steps, want %d", len(refuses), len(takes), len(Steps())+len(allSpent()))
	}
	shown := w.shown(takes)
	if file := os.Getenv("OFFLINEJOIN_EVIDENCE"); file != "" {
		w.write(file, shown)
	}
	w.isCommitted(shown)
}

// isCommitted demands that the file of docs/evidence about this very Wine says what this one has shown.
func (w *spentUnderWine) isCommitted(shown claims.Evidence) {
	w.t.Helper()
	file := filepath.Join(testenv.Root(), "docs", "evidence", "wine-8.0-amd64.json")
	f, err := os.Open(file)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	committed, err := claims.Read(f)
	if err != nil {
		w.t.Fatal(err)
	}
	if committed.System != shown.System {
		w.t.Logf("%s is about another Wine", file)
		return
	}
	if diff := cmp.Diff(committed.Steps, shown.Steps); diff != "" {
		w.t.Errorf("%s (-committed +shown): make lab-wine writes it anew\n%s", file, diff)
	}
}

// spentUnderWine is a Windows by Wine that is spent.
type spentUnderWine struct {
	t       *testing.T
	prefix  *wine.Prefix
	program string
}

// functionReturns makes the stand-in of Windows' function one that returns a code to programs that services start: their environment
// is what the registry says at a start of Windows.
func (w *spentUnderWine) functionReturns(code winerr.Code) {
	w.t.Helper()
	var values []wine.RegValue
	for _, setting := range []string{wine.Returns(uint32(code)), w.prefix.Records()} {
		name, value, _ := strings.Cut(setting, "=")
		values = append(values, wine.SZ(wine.System+`\CurrentControlSet\Control\Session Manager\Environment`, name, value))
	}
	w.prefix.Import(w.t, values)
	w.prefix.Boot(w.t)
}

// run runs the program and returns its evidence, nil for none, and what it said.
func (w *spentUnderWine) run(name string, args ...string) (all map[string]claims.Step, said string) {
	w.t.Helper()
	ran := w.prefix.RunWith(w.t, nil, w.program, append(args, "-throwaway", "-out", `C:\`+name)...)
	raw, err := os.ReadFile(w.prefix.Path(name))
	if err != nil {
		return nil, ran.Output
	}
	e, err := claims.Read(bytes.NewReader(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	all = map[string]claims.Step{}
	for _, s := range e.Steps {
		all[s.Step] = s
	}
	return all, ran.Output
}

// ofFunction reports whether a step is about what Windows' function does.
func ofFunction(s claims.Step) bool {
	return strings.HasPrefix(s.Claim, "request-") || s.Claim == "online-request"
}

// shown returns what both runs have shown of Wine: not what the stand-in of Windows' function has.
func (w *spentUnderWine) shown(takes map[string]claims.Step) claims.Evidence {
	w.t.Helper()
	raw, err := os.ReadFile(w.prefix.Path("refuses.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	e, err := claims.Read(bytes.NewReader(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	for i, s := range e.Steps {
		if strings.HasPrefix(s.Step, "spent-join") {
			s = takes[s.Step]
		}
		if ofFunction(s) {
			s.Result, s.Reason, s.Detail = claims.Skipped, "there is a stand-in of Windows' function only", nil
		}
		e.Steps[i] = s
	}
	return e
}

func (w *spentUnderWine) write(file string, e claims.Evidence) {
	w.t.Helper()
	f, err := os.Create(file)
	if err == nil {
		err = errors.Join(e.Write(f), f.Close())
	}
	if err != nil {
		w.t.Error(err)
	}
}
