package firstboot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

func long() bool { return os.Getenv("OFFLINEJOIN_LONG") == "1" }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// setupFor returns all that the table can be tried with.
func setupFor(t testing.TB) Setup {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"block/forbids.cip": "forbids", "allow/allows.cip": "allows"} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, "policies", name)), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, "policies", name), []byte(text), 0o600))
	}
	_, file := sampletest.BlobFor(t, "WEB07", 1199)
	_, ofDomain := sampletest.BlobFor(t, "LOGON1", 1201)
	password := filepath.Join(dir, "password")
	must(t, os.WriteFile(password, []byte(passwordOfUser+"\n"), 0o600))
	return Setup{
		Disk:        sampletest.Golden(t, sample.Image{}),
		Generalized: sampletest.Golden(t, sample.Image{ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"}),
		Policies:    filepath.Join(dir, "policies"), Blobs: filepath.Dir(file), Dir: filepath.Join(dir, "run"),
		Domain: Domain{Blob: ofDomain, User: `corp\` + userOfDomain, PasswordFile: password, DNS: "192.0.2.10"},
	}
}

// secretsIn returns the files below a folder that have something of a blob or of a user's password that was in a disk.
func (m *simulated) secretsIn(dir string) []string {
	m.t.Helper()
	if len(m.blobs) == 0 {
		m.t.Error("no blob was in any disk")
	}
	var all []string
	for _, search := range m.secrets {
		found, _, err := search.InTree(dir, nil)
		must(m.t, err)
		all = append(all, slices.Collect(maps.Keys(found))...)
	}
	return all
}

func TestEveryScenarioPassesOnASoundMachine(t *testing.T) {
	t.Parallel()
	m, s := newSimulated(t, inProcess{}), setupFor(t)
	var told []string
	s.Told = func(sc Scenario, _ []claims.Step) { told = append(told, sc.Name) }
	e, err := Run(t.Context(), m, s)
	must(t, err)
	for _, step := range e.Steps {
		if step.Result != claims.Passed || step.Detail["state"] == "" {
			t.Errorf("%+v", step)
		}
	}
	if len(told) != len(Scenarios())+1 || told[len(told)-1] != "blob-1" {
		t.Errorf("told of %v", told)
	}
	file, err := os.ReadFile(filepath.Join(s.Dir, "evidence.json"))
	must(t, err)
	read, err := claims.Read(bytes.NewReader(file))
	if err != nil || read.System.Kind != claims.Simulated || strings.Contains(read.System.Name, "Windows") || len(read.Steps) != len(e.Steps) {
		t.Errorf("%v\n%s", err, file)
	}
	if found := m.secretsIn(s.Dir); found != nil {
		t.Errorf("a blob or the user's password is in %v", found)
	}
	if len(m.secrets) != len(m.blobs)+1 {
		t.Error("the user's password was in no disk")
	}
	for _, text := range []string{s.Dir, s.Disk, "WEB01", "WEB07", "LOGON1", "corp", "web07.djoin", "anna", "S-1-5", "192.0.2"} {
		if bytes.Contains(bytes.ToLower(file), bytes.ToLower([]byte(text))) {
			t.Errorf("%s is in the evidence", text)
		}
	}
	if left, err := os.ReadDir(filepath.Join(s.Dir, "disks")); err != nil || len(left) > 0 {
		t.Errorf("disks are left: %v, %v", left, err)
	}
	own := filepath.Join(s.Dir, "disks", "domain-logon.qcow2")
	if !slices.Equal(m.online, []string{own, own}) || m.bootsOf(own) != 2 {
		t.Errorf("boots with a network: %v", m.online)
	}
}

// record sets a value of the record, of the type that its data has.
func record(g *guest, name string, data any) error {
	switch data := data.(type) {
	case string:
		return g.set(completion.Key, name, regf.SZ, regf.TextData(data))
	case int:
		return g.set(completion.Key, name, regf.DWORD, regf.DWORDData(uint32(data)))
	default:
		return g.set(completion.Key, name, regf.Binary, data.([]byte))
	}
}

func without(g *guest, name string) error {
	key, err := g.system.Key(completion.Key)
	if err != nil {
		return err
	}
	if err := key.DeleteValue(name); !errors.Is(err, regf.ErrNotFound) {
		return err
	}
	return nil
}

func stateIs(state string) func(*guest, int) error {
	return func(g *guest, _ int) error { return record(g, completion.ValueState, state) }
}

func armed(g *guest) error {
	return errors.Join(
		g.set(completion.SetupKey, completion.ValueSetupType, regf.DWORD, regf.DWORDData(completion.SetupTypeThenLogon)),
		g.set(completion.SetupKey, completion.ValueCmdLine, regf.SZ, regf.TextData(completion.ProgramFile)),
	)
}

// atBoot changes the disk at the end of one boot only.
func atBoot(n int, do func(*guest, int) error) func(*guest, int) error {
	return func(g *guest, boot int) error {
		if boot != n {
			return nil
		}
		return do(g, n)
	}
}

// halfArmed names the program, and does not make Windows look at it.
func halfArmed(g *guest, _ int) error {
	return errors.Join(
		g.set(completion.SetupKey, completion.ValueSetupType, regf.DWORD, regf.DWORDData(0)),
		g.set(completion.SetupKey, completion.ValueCmdLine, regf.SZ, regf.TextData(completion.ProgramFile)),
	)
}

// planted are the faults for each scenario, with what each of its checks says then. A check that is not named passes or is skipped.
type planted struct {
	fault fault
	want  map[string]string
}

func faults() map[string][]planted {
	kept := bytes.Repeat([]byte("kept"), 16)
	joinFails := []planted{{fault{disk: stateIs(completion.StateFailed), noMember: true}, map[string]string{
		"joined": "the status is failed", "member": "no member",
	}}}
	started := func(g *guest, n int) error {
		return errors.Join(record(g, completion.ValueState, completion.StateStarted), record(g, completion.ValueResult, 995),
			g.set(completion.SetupKey, completion.ValueCmdLine, regf.SZ, regf.TextData("")))
	}
	completed := func(g *guest, n int) error {
		return errors.Join(record(g, completion.ValueState, completion.StateCompleted), record(g, completion.ValueResult, 0),
			without(g, completion.ValueProvisioningBlob), without(g, completion.ValueBlobSHA256))
	}
	half := planted{fault{disk: atBoot(1, halfArmed)}, map[string]string{"left": "half armed"}}
	return map[string][]planted{
		"good": {{
			fault{noMember: true, keepsProgram: true, end: func(e *End) { e.Restarts++ }, disk: func(g *guest, _ int) error {
				return errors.Join(armed(g), record(g, completion.ValueState, completion.StateFailed), record(g, completion.ValueAttempts, 0),
					record(g, completion.ValueProvisioningBlob, kept), without(g, completion.ValueCompletedAt),
					g.write("debug/offlinejoin.log", []byte("one line\r\n")))
			}},
			map[string]string{
				"ran": "has not run", "joined": "the status is failed", "hook": "not as before staging", "blob": "still has the blob",
				"member": "no member", "record": "no time", "log": "two lines", "restart": "2 times", "program": "still there",
			},
		}},
		"letter-cases": joinFails,
		"blob-1":       joinFails,
		"tampered-blob": {{fault{disk: func(g *guest, _ int) error {
			return errors.Join(armed(g), record(g, completion.ValueState, completion.StateCompleted),
				record(g, completion.ValueBlobSHA256, "00"))
		}}, map[string]string{"refused": "the status is completed", "hook": "not as before", "blob": "digest"}}},
		"workstation-disabled": {{
			fault{disk: func(g *guest, _ int) error { return record(g, completion.ValueResult, 5) }},
			map[string]string{"waits": "result 5", "joined-then": "result 5"},
		}},
		"program-replaced": {{fault{disk: stateIs(completion.StateCompleted)}, map[string]string{"told": "the status is completed"}}},
		"program-blocked": {{
			fault{disk: func(g *guest, _ int) error { return record(g, completion.ValueAttempts, 1) }},
			map[string]string{"told": "has run"},
		}},
		"program-allowed":      {{fault{disk: stateIs(completion.StateFailed)}, map[string]string{"joined": "the status is failed"}}},
		"power-cut-early":      {half, {fault{disk: atBoot(2, started)}, map[string]string{"then": "as-staged before this boot, and started"}}},
		"power-cut-in-program": {half, {fault{disk: atBoot(2, completed)}, map[string]string{"then": "started before this boot, and completed"}}},
		"power-cut-at-restart": {half, {fault{noMember: true}, map[string]string{"then": "no member"}}},
		"domain-logon": {
			{fault{noMember: true}, map[string]string{"member": "no member"}},
			{fault{disk: stateIs(completion.StateFailed)}, map[string]string{"joined": "the status is failed"}},
			{fault{noLogon: true}, map[string]string{"logged-on": "no account of the domain has logged on"}},
			{fault{localLogon: true}, map[string]string{"logged-on": "not of the domain, but of the machine itself"}},
			{fault{noPath: true}, map[string]string{"logged-on": "none has a profile"}},
			{fault{disk: atBoot(1, func(g *guest, _ int) error { // it is no word about this boot what the disk had before it
				return putProfile(g, "S-1-5-21-1004336348-1177238915-682003330-1604", true)
			})}, map[string]string{"logged-on": "that the disk did not have before"}},
		},
		"answer-file": {{fault{noMember: true, keepsAnswer: true}, map[string]string{
			"joined": "the status is failed", "erased": "still holds the blob",
		}}},
	}
}

// withGood makes a folder in which the scenario good has passed.
func withGood(t testing.TB, s Setup) Setup {
	t.Helper()
	s.Dir = filepath.Join(t.TempDir(), "run")
	must(t, os.MkdirAll(filepath.Join(s.Dir, "results"), 0o700))
	must(t, os.WriteFile(filepath.Join(s.Dir, "results", "good.json"), []byte(`{"steps": [], "restart_after": 60000000000}`), 0o600))
	return s
}

// Each verdict is wrong at least once, and says so.
func TestAPlantedFaultFailsItsCheck(t *testing.T) {
	t.Parallel()
	all, s := faults(), setupFor(t)
	for _, sc := range append(Scenarios(), ofBlob(1, nil)) {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			wrong := map[string]bool{}
			for _, p := range all[sc.Name] {
				s := withGood(t, s)
				if sc.Name == "good" {
					must(t, os.Remove(filepath.Join(s.Dir, "results", "good.json")))
				}
				s.Only = []string{sc.Name}
				m := newSimulated(t, inProcess{})
				m.fault = p.fault
				e, err := Run(t.Context(), m, s)
				must(t, err)
				for _, step := range e.Steps {
					check := strings.TrimPrefix(step.Step, sc.Name+"-")
					want, fails := p.want[check]
					if fails != (step.Result == claims.Failed) || !strings.Contains(step.Reason, want) {
						t.Errorf("%+v, want failed: %v, with %q", step, fails, want)
					}
					wrong[check] = wrong[check] || fails
				}
				if left, err := os.ReadDir(filepath.Join(s.Dir, "disks")); err != nil || len(left) != 1 {
					t.Errorf("the disk of what failed is not kept: %v, %v", left, err)
				}
			}
			for _, a := range sc.acts {
				for _, c := range a.checks {
					if !wrong[c.name] && c.name != "bytes" {
						t.Errorf("nothing was planted for %s", c.name)
					}
				}
			}
		})
	}
}

// The bytes of a blob are found wherever they are in the hive, also in a value of another name.
func TestRemaindersOfABlobFailItsCheck(t *testing.T) {
	t.Parallel()
	s := setupFor(t)
	s.Only = []string{"good"}
	m := newSimulated(t, inProcess{})
	m.fault.disk = func(g *guest, _ int) error {
		raw := m.blobs[0].Bytes()
		return g.set(`Setup\Elsewhere`, "Copy", regf.Binary, raw[len(raw)/2:])
	}
	e, err := Run(t.Context(), m, s)
	must(t, err)
	for _, step := range e.Steps {
		if failed := step.Step == "good-bytes"; failed != (step.Result == claims.Failed) {
			t.Errorf("%+v", step)
		}
	}
}

// A machine that does not start is no word about the claims.
func TestADiskThatNeverBoots(t *testing.T) {
	t.Parallel()
	m, s := newSimulated(t, inProcess{}), setupFor(t)
	m.dead = true
	e, err := Run(t.Context(), m, s)
	must(t, err)
	for _, step := range e.Steps {
		want := "Windows did not start in the scenario good"
		if strings.HasPrefix(step.Step, "good-") || strings.HasPrefix(step.Step, "answer-file-") {
			want = NotStarted
		}
		if step.Result != claims.Skipped || !strings.Contains(step.Reason, want) {
			t.Errorf("%+v", step)
		}
	}
	if len(m.boots) != 2 || e.Tried() {
		t.Errorf("%d boots", len(m.boots))
	}
	m.dead, s.Only = false, []string{"good"} // as with the right firmware
	if e, err := Run(t.Context(), m, s); err != nil || e.Steps[0].Result != claims.Passed {
		t.Errorf("what was skipped is not tried again: %v, %+v", err, e.Steps)
	}
}

// Where Windows does not shut down, nothing is known of what it notes when it does.
func TestAWindowsThatDoesNotShutDown(t *testing.T) {
	t.Parallel()
	m, s := newSimulated(t, inProcess{}), setupFor(t)
	m.fault.end = func(e *End) { e.How = AtLimit }
	s.Only = []string{"program-blocked"}
	e, err := Run(t.Context(), m, s)
	must(t, err)
	if len(e.Steps) != 1 || e.Steps[0].Result != claims.Skipped || !strings.Contains(e.Steps[0].Reason, "did not shut down") {
		t.Errorf("%+v", e.Steps)
	}
}

func TestWhatIsMissingIsSkipped(t *testing.T) {
	t.Parallel()
	all := setupFor(t)
	for name, tt := range map[string]struct {
		s    Setup
		only string
		want string
	}{
		"no generalized":      {Setup{Disk: all.Disk}, "answer-file", "no generalized Windows"},
		"not generalized":     {Setup{Disk: all.Disk, Generalized: all.Disk}, "answer-file", "is not generalized"},
		"not installed":       {Setup{Disk: all.Generalized}, "good", "not an installed one"},
		"no policy":           {Setup{Disk: all.Disk}, "program-blocked", "no policy"},
		"no policies for it":  {Setup{Disk: all.Disk, Policies: t.TempDir()}, "program-allowed", "no policy"},
		"no domain":           {Setup{Disk: all.Disk}, "domain-logon", "no domain was given"},
		"no restart is known": {Setup{Disk: all.Disk}, "power-cut-early", "moment is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newSimulated(t, inProcess{})
			tt.s.Dir, tt.s.Only = filepath.Join(t.TempDir(), "run"), []string{tt.only}
			e, err := Run(t.Context(), m, tt.s)
			must(t, err)
			for _, step := range e.Steps {
				if step.Result != claims.Skipped || !strings.Contains(step.Reason, tt.want) {
					t.Errorf("%+v", step)
				}
			}
			if len(e.Steps) == 0 || len(m.boots) > 0 {
				t.Errorf("%d steps, %d boots", len(e.Steps), len(m.boots))
			}
		})
	}
}

func TestRunsThatAreRefused(t *testing.T) {
	t.Parallel()
	all := setupFor(t)
	all.Only = []string{"tampered-blob"}
	ctx := t.Context()
	_, err := Run(ctx, newSimulated(t, inProcess{}), all)
	must(t, err)

	other := all
	other.Disk = sampletest.Golden(t, sample.Image{UBR: 2701})
	if _, err := Run(ctx, newSimulated(t, inProcess{}), other); err == nil || !strings.Contains(err.Error(), "other disks") {
		t.Errorf("results of another disk: %v", err)
	}
	other = all
	_, other.Domain.Blob = sampletest.BlobFor(t, "OTHER12345", 1300)
	if _, err := Run(ctx, newSimulated(t, inProcess{}), other); err == nil || !strings.Contains(err.Error(), "another domain's blob") {
		t.Errorf("results of another domain: %v", err)
	}
	unknown := all
	unknown.Only = []string{"nothing"}
	if _, err := Run(ctx, newSimulated(t, inProcess{}), unknown); err == nil || !strings.Contains(err.Error(), "no scenario") {
		t.Errorf("a scenario that is none: %v", err)
	}
	missing := all
	missing.Disk += ".not"
	if _, err := Run(ctx, newSimulated(t, inProcess{}), missing); !errors.Is(err, fs.ErrNotExist) && err == nil {
		t.Errorf("a disk that is not there: %v", err)
	}
	r := &run{setup: all}
	release, err := r.lock()
	must(t, err)
	defer release()
	if _, err := Run(ctx, newSimulated(t, inProcess{}), all); err == nil || !strings.Contains(err.Error(), "another run") {
		t.Errorf("two runs in one folder: %v", err)
	}
}

// killed is the environment of a run that is to be killed: its folder and its disk.
const killed = "FIRSTBOOT_TEST_KILLED"

// hanging never comes back from its second boot.
type hanging struct{ *simulated }

func (h hanging) Boot(ctx context.Context, disk string, b Boot) (End, error) {
	if len(h.boots) == 1 {
		fmt.Println("hanging")
		select {}
	}
	return h.simulated.Boot(ctx, disk, b)
}

var threeScenarios = []string{"good", "tampered-blob", "program-replaced"}

// TestHelperToBeKilled is the run in a process of its own.
func TestHelperToBeKilled(t *testing.T) {
	dir, disk, found := strings.Cut(os.Getenv(killed), "|")
	if !found {
		return // TestAKilledRunGoesOn runs it
	}
	_, err := Run(t.Context(), hanging{newSimulated(t, inProcess{})}, Setup{Disk: disk, Dir: dir, Only: threeScenarios})
	t.Fatalf("it came to an end: %v", err)
}

// A run that is killed in the middle of a boot goes on with the scenarios that have no result, on disks of their own.
func TestAKilledRunGoesOn(t *testing.T) {
	t.Parallel()
	s := Setup{Disk: sampletest.Golden(t, sample.Image{}), Dir: filepath.Join(t.TempDir(), "run"), Only: threeScenarios}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelperToBeKilled$", "-test.v")
	cmd.Env = append(os.Environ(), killed+"="+s.Dir+"|"+s.Disk)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var text bytes.Buffer
	for buf := make([]byte, 1000); !strings.Contains(text.String(), "hanging\n"); {
		n, err := out.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			t.Fatalf("%v\n%s", err, text.String())
		}
	}
	must(t, cmd.Process.Kill())
	_ = cmd.Wait() // it was killed
	if left, err := os.ReadDir(filepath.Join(s.Dir, "disks")); err != nil || len(left) != 1 {
		t.Fatalf("the killed run has left %v, %v", left, err)
	}

	m := newSimulated(t, inProcess{})
	e, err := Run(t.Context(), m, s)
	must(t, err)
	for _, step := range e.Steps {
		if step.Result != claims.Passed {
			t.Errorf("%+v", step)
		}
	}
	if len(m.boots) != 2 || len(e.Steps) < 10 {
		t.Errorf("%d boots, %d steps", len(m.boots), len(e.Steps))
	}
	m.boots = nil
	if again, err := Run(t.Context(), m, s); err != nil || len(m.boots) != 0 || len(again.Steps) != len(e.Steps) {
		t.Errorf("a finished run: %v, %d boots, %d steps", err, len(m.boots), len(again.Steps))
	}
}

// An interrupted run keeps no result of the scenario that it was in.
func TestAnInterruptedRun(t *testing.T) {
	t.Parallel()
	s := Setup{Disk: sampletest.Golden(t, sample.Image{}), Dir: filepath.Join(t.TempDir(), "run"), Only: threeScenarios}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	s.Told = func(Scenario, []claims.Step) { cancel() }
	if _, err := Run(ctx, newSimulated(t, inProcess{}), s); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if kept, err := os.ReadDir(filepath.Join(s.Dir, "results")); err != nil || len(kept) != 1 {
		t.Errorf("%v, %v", kept, err)
	}
}

func TestEveryCheckHasAClaim(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, sc := range append(Scenarios(), ofBlob(1, nil)) {
		for _, a := range sc.acts {
			for _, c := range a.checks {
				name := sc.Name + "-" + c.name
				if _, known := claims.ByID(c.claim); !known || seen[name] {
					t.Errorf("%s: claim %s", name, c.claim)
				}
				seen[name] = true
			}
		}
	}
}
