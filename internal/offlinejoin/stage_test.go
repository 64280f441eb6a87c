package offlinejoin

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestPlanWritesNothingAndStageDoesWhatItSays(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	before := tree(t, req.Image.WindowsPath)
	plan, err := Plan(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Outcome != OutcomePlanned || plan.Status.State != StateAbsent {
		t.Errorf("plan: outcome %s, status %s", plan.Outcome, plan.Status.State)
	}
	if got := tree(t, req.Image.WindowsPath); got != before {
		t.Error("planning has written")
	}

	staged, err := Stage(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan.Changes, staged.Changes); diff != "" {
		t.Error("the changes are not the planned ones:", diff)
	}
	if staged.Outcome != OutcomeStaged || staged.Status.State != StateStaged || staged.BytesWritten == 0 {
		t.Errorf("outcome %s, status %s, %d bytes", staged.Outcome, staged.Status.State, staged.BytesWritten)
	}
	if st := staged.Status; st.MachineName != "WEB01" || st.Domain != "corp.example.com" || st.StagedBy != "test/1" ||
		st.StagedAt != "2026-11-24T10:04:00Z" || st.Fingerprint != testBlob(t, "WEB01").Fingerprint() {
		t.Errorf("status %+v", st)
	}
}

// TestContract reads what was staged with nothing but the hive engine.
func TestContract(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(req.Image.WindowsPath, "System32", "config", "SYSTEM"))
	if err != nil {
		t.Fatal(err)
	}
	h, err := regf.Open(regf.Files{Primary: regf.NewMemFile(data)})
	if err != nil {
		t.Fatal(err)
	}
	if problems := regf.Check(h); len(problems) > 0 {
		t.Error(problems)
	}
	k, err := h.Key(`Setup\OfflineJoin`)
	if err != nil {
		t.Fatal(err)
	}
	if sd, err := k.Security(); err != nil || string(sd) != string(completion.KeySecurity()) {
		t.Error("the key's security is not SYSTEM and Administrators only:", err)
	}
	got := map[string]string{}
	for v, err := range k.Values() {
		if err != nil {
			t.Fatal(err)
		}
		data, err := v.Data()
		if err != nil {
			t.Fatal(err)
		}
		got[v.Name()] = v.Type().String() + " " + show(v.Type(), data, v.Name() == "ProvisioningBlob")
	}
	b := testBlob(t, "WEB01")
	want := map[string]string{
		"Version": "REG_DWORD 1", "Method": "REG_SZ registry", "State": "REG_SZ staged",
		"Fingerprint": "REG_SZ " + b.Fingerprint(), "MachineName": "REG_SZ WEB01", "Domain": "REG_SZ corp.example.com",
		"StagedAt": "REG_SZ 2026-11-24T10:04:00Z", "StagedBy": "REG_SZ test/1",
		"ProvisioningBlob":  "REG_BINARY " + show(regf.Binary, b.Bytes(), true),
		"BlobSHA256":        fmt.Sprintf("REG_SZ %x", sha256.Sum256(b.Bytes())),
		"PreviousSetupType": "REG_DWORD 0", "PreviousCmdLine": `REG_SZ ""`,
		"ProgramSHA256": "REG_SZ " + amd64Program(t).SHA256,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	v, err := k.Value("ProvisioningBlob")
	if err != nil {
		t.Fatal(err)
	}
	if blob, err := v.Data(); err != nil || string(blob) != string(b.Bytes()) {
		t.Error("the staged blob is not the NDR bytes of the blob:", err)
	}
}

func amd64Program(t *testing.T) *program.Program {
	t.Helper()
	p, err := program.Lookup("amd64")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStagingAgainWritesNothing(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	before := tree(t, req.Image.WindowsPath)
	req.Blob = readBlob(t, []byte(testBlob(t, "WEB01").AccountData())) // another encoding of the same blob
	for _, on := range []OnExisting{"", OnExistingFail, OnExistingReplace, OnExistingKeep} {
		req.OnExisting = on
		r, err := Stage(t.Context(), req)
		if err != nil || r.Outcome != OutcomeUnchanged || r.BytesWritten != 0 || len(r.Changes) != 0 {
			t.Errorf("on_existing %q: %+v, %v", on, r, err)
		}
	}
	if tree(t, req.Image.WindowsPath) != before {
		t.Error("something was written")
	}
}

func TestUnstageLeavesTheImageAsItWas(t *testing.T) {
	t.Parallel()
	for _, previous := range []struct {
		name   string
		change func(h *regf.Hive) error
	}{
		{"no hook", func(*regf.Hive) error { return nil }},
		{"values absent", func(h *regf.Hive) error { return h.DeleteKey(completion.SetupKey) }},
		{"another hook", func(h *regf.Hive) error {
			k, err := h.Key(completion.SetupKey)
			if err != nil {
				return err
			}
			if err := k.SetValue(completion.ValueSetupType, regf.DWORD, regf.DWORDData(1)); err != nil {
				return err
			}
			return k.SetValue(completion.ValueCmdLine, regf.SZ, regf.TextData(`cmd.exe /c repair.cmd`))
		}},
	} {
		t.Run(previous.name, func(t *testing.T) {
			t.Parallel()
			req := newImage(t, sample.Image{})
			changeHive(t, req.Image.WindowsPath, "SYSTEM", previous.change)
			before := systemDump(t, req.Image.WindowsPath)
			if _, err := Stage(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			if !holds(t, req.Image.WindowsPath, "WEB01") {
				t.Fatal("the password is not in the staged image: this test proves nothing")
			}
			r, err := Unstage(t.Context(), UnstageRequest{Image: ImageAt(req.Image.WindowsPath)})
			if err != nil || r.Outcome != OutcomeUnstaged || r.Status.State != StateAbsent {
				t.Fatalf("%+v, %v", r, err)
			}
			after := systemDump(t, req.Image.WindowsPath)
			if previous.name == "values absent" { // the key Setup stays, empty
				after = strings.Replace(after, "K\t\\Setup\n", "", 1)
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Error("the hive is not what it was:", diff)
			}
			if holds(t, req.Image.WindowsPath, "WEB01") {
				t.Error("the password is still in the image")
			}
			if _, err := os.Stat(filepath.Join(req.Image.WindowsPath, "System32", completion.ProgramFile)); err == nil {
				t.Error("the program is still in the image")
			}
		})
	}
}

func systemDump(t testing.TB, windows string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(windows, "System32", "config", "SYSTEM"))
	if err != nil {
		t.Fatal(err)
	}
	h, err := regf.Open(regf.Files{Primary: regf.NewMemFile(data)})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := regf.Dump(h, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestOneCopyOfTheSecret: after staging, the blob stands once in the image: in the hive, not in its logs.
func TestOneCopyOfTheSecret(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	for _, log := range []string{"SYSTEM.LOG1", "SYSTEM.LOG2"} {
		data, err := os.ReadFile(filepath.Join(req.Image.WindowsPath, "System32", "config", log))
		if err != nil {
			t.Fatal(err)
		}
		if found := secretsOf(t, "WEB01").In(data); len(found) > 0 {
			t.Errorf("%s holds %v", log, found)
		}
	}
}

func TestOnExisting(t *testing.T) {
	t.Parallel()
	other := func(t *testing.T, req Request) {
		req.Blob = readBlob(t, testBlob(t, "WEB02").Bytes())
		if _, err := Stage(t.Context(), req); err != nil {
			t.Fatal(err)
		}
	}
	for _, existing := range []struct {
		name  string
		make  func(t *testing.T, req Request)
		state State
		code  winerr.Code
	}{
		{"another join is staged", other, StateStaged, winerr.CantCreateJoinInfo},
		{"another join is completed", func(t *testing.T, req Request) {
			other(t, req)
			firstBoot(t, req.Image.WindowsPath, completion.StateCompleted, 0)
		}, StateCompleted, winerr.SetupAlreadyJoined},
		{"another join has failed", func(t *testing.T, req Request) {
			other(t, req)
			firstBoot(t, req.Image.WindowsPath, completion.StateFailed, 2724)
		}, StateFailed, winerr.CantCreateJoinInfo},
		{"a member already", func(t *testing.T, req Request) {
			changeHive(t, req.Image.WindowsPath, "SECURITY", joinCorp)
		}, StateJoined, winerr.SetupAlreadyJoined},
		{"another tool's join", func(t *testing.T, req Request) {
			changeHive(t, req.Image.WindowsPath, "SYSTEM", func(h *regf.Hive) error {
				_, _, err := h.CreateKey(`ControlSet001\Control\Lsa\OfflineJoin`, nil)
				return err
			})
		}, StateForeign, winerr.CantCreateJoinInfo},
	} {
		t.Run(existing.name, func(t *testing.T) {
			t.Parallel()
			req := newImage(t, sample.Image{})
			existing.make(t, req)
			st, err := ReadStatus(t.Context(), StatusRequest{Image: ImageAt(req.Image.WindowsPath)})
			if err != nil || st.State != existing.state {
				t.Fatalf("status %+v, %v", st, err)
			}
			before := tree(t, req.Image.WindowsPath)
			_, err = Stage(t.Context(), req)
			wantCode(t, err, existing.code, "on_existing")
			req.OnExisting = OnExistingKeep
			if r, err := Stage(t.Context(), req); err != nil || r.Outcome != OutcomeKept {
				t.Errorf("keep: %+v, %v", r, err)
			}
			if tree(t, req.Image.WindowsPath) != before {
				t.Error("something was written")
			}
			req.OnExisting = OnExistingReplace
			r, err := Stage(t.Context(), req)
			if err != nil || r.Outcome != OutcomeStaged || r.Status.MachineName != "WEB01" || len(r.Warnings) == 0 {
				t.Errorf("replace: %+v, %v", r, err)
			}
			if r, err := Unstage(t.Context(), UnstageRequest{Image: ImageAt(req.Image.WindowsPath)}); err != nil ||
				r.Outcome != OutcomeUnstaged || holds(t, req.Image.WindowsPath, "WEB01") {
				t.Errorf("unstage: %+v, %v", r, err)
			}
		})
	}
}

func TestBrokenStagingIsMended(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(t *testing.T, windows string){
		"no program": func(t *testing.T, windows string) {
			if err := os.Remove(filepath.Join(windows, "System32", completion.ProgramFile)); err != nil {
				t.Fatal(err)
			}
		},
		"another program": func(t *testing.T, windows string) {
			if err := os.WriteFile(filepath.Join(windows, "System32", completion.ProgramFile), []byte("MZ"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"no blob": func(t *testing.T, windows string) {
			changeHive(t, windows, "SYSTEM", edit{
				what: dropValue, key: completion.Key, name: completion.ValueProvisioningBlob,
			}.apply)
		},
		"not armed": func(t *testing.T, windows string) {
			changeHive(t, windows, "SYSTEM", setNumber(completion.SetupKey, completion.ValueSetupType, 0).apply)
		},
		"left by a killed run": func(t *testing.T, windows string) {
			if err := os.Remove(filepath.Join(windows, "System32", completion.ProgramFile)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(windows, "System32", "ODJBOOT.TMP"), []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := newImage(t, sample.Image{})
			if _, err := Stage(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			good := systemDump(t, req.Image.WindowsPath)
			damage(t, req.Image.WindowsPath)
			st, err := ReadStatus(t.Context(), StatusRequest{Image: req.Image})
			if err != nil || st.State != StateStaged || !st.Incomplete || st.Detail == "" {
				t.Errorf("before mending: %+v, %v", st, err)
			}
			r, err := Stage(t.Context(), req)
			if err != nil || r.Status.Incomplete || r.Outcome != OutcomeStaged {
				t.Fatalf("%+v, %v", r, err)
			}
			if diff := cmp.Diff(good, systemDump(t, req.Image.WindowsPath)); diff != "" {
				t.Error(diff)
			}
			if r, err := Stage(t.Context(), req); err != nil || r.Outcome != OutcomeUnchanged {
				t.Errorf("after mending: %+v, %v", r, err)
			}
		})
	}
}

func TestCompletedStaysCompleted(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	firstBoot(t, req.Image.WindowsPath, completion.StateCompleted, 0)
	before := tree(t, req.Image.WindowsPath)
	r, err := Stage(t.Context(), req)
	if err != nil || r.Outcome != OutcomeUnchanged || r.Status.State != StateCompleted {
		t.Errorf("%+v, %v", r, err)
	}
	if tree(t, req.Image.WindowsPath) != before {
		t.Error("something was written")
	}
}

func TestReceiptAndEventsHoldNoSecret(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	var said strings.Builder
	req.Progress = func(e Event) { said.WriteString(e.Text + "\n") }
	r, err := Stage(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	text := said.String() + string(out)
	if !strings.Contains(text, "WEB01") {
		t.Fatal("nothing was said: this test proves nothing")
	}
	if found := secretsOf(t, "WEB01").In([]byte(text)); len(found) > 0 {
		t.Errorf("the output holds %v", found)
	}
}

// TestUnstageFinishesWhatWasStopped: a run that was killed after the blob had left the hive may leave it in a log, and the
// program in its folder. The next run still knows that there is something to do.
func TestUnstageFinishesWhatWasStopped(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	changeHive(t, req.Image.WindowsPath, "SYSTEM", func(h *regf.Hive) error {
		for _, e := range []edit{
			{what: dropValue, key: completion.Key, name: completion.ValueProvisioningBlob},
			setNumber(completion.SetupKey, completion.ValueSetupType, 0),
			setText(completion.SetupKey, completion.ValueCmdLine, ""),
		} {
			if err := e.apply(h); err != nil {
				return err
			}
		}
		return nil
	})
	stale := append(make([]byte, 512), testBlob(t, "WEB01").Bytes()...)
	if err := os.WriteFile(hivePath(req.Image.WindowsPath, "SYSTEM.LOG2"), stale, 0o600); err != nil {
		t.Fatal(err)
	}
	if !holds(t, req.Image.WindowsPath, "WEB01") {
		t.Fatal("the blob is not in the log: this test proves nothing")
	}
	r, err := Unstage(t.Context(), UnstageRequest{Image: ImageAt(req.Image.WindowsPath)})
	if err != nil || r.Outcome != OutcomeUnstaged || r.Status.State != StateAbsent {
		t.Fatalf("%+v, %v", r, err)
	}
	if holds(t, req.Image.WindowsPath, "WEB01") {
		t.Error("the blob is still in the image")
	}
	if _, err := os.Stat(filepath.Join(req.Image.WindowsPath, "System32", completion.ProgramFile)); err == nil {
		t.Error("the program is still in the image")
	}
}
