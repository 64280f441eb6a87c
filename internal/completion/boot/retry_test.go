package boot

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// answering is a machine whose Windows' function gives one answer a boot; the last one repeats.
func answering(m *machine, codes ...winerr.Code) *machine {
	m.onRequest = func([]byte) winerr.Code {
		code := codes[0]
		if len(codes) > 1 {
			codes = codes[1:]
		}
		return code
	}
	return m
}

func TestRetryThenSuccess(t *testing.T) {
	t.Parallel()
	m := answering(staged(), winerr.Busy, winerr.NotReady, winerr.Success)
	for attempt := uint32(1); attempt <= 2; attempt++ {
		out := runIn(t, m)
		if !out.Retry || out.ExitCode() != 1 || !Passes(out.Code) {
			t.Fatalf("attempt %d: %+v", attempt, out)
		}
		want := map[string]any{
			`Setup\SetupType`:                     completion.SetupTypeThenLogon,
			`Setup\CmdLine`:                       completion.ProgramFile,
			`Setup\OfflineJoin\Version`:           uint32(1),
			`Setup\OfflineJoin\Method`:            completion.MethodRegistry,
			`Setup\OfflineJoin\State`:             completion.StateStaged,
			`Setup\OfflineJoin\ProvisioningBlob`:  testBlob,
			`Setup\OfflineJoin\BlobSHA256`:        digest(testBlob),
			`Setup\OfflineJoin\PreviousSetupType`: completion.SetupTypeNone,
			`Setup\OfflineJoin\PreviousCmdLine`:   "",
			`Setup\OfflineJoin\Attempts`:          attempt,
			`Setup\OfflineJoin\Result`:            uint32(out.Code),
			`Setup\OfflineJoin\ResultText`:        out.Text,
		}
		if diff := cmp.Diff(want, m.values); diff != "" {
			t.Errorf("registry after attempt %d (-want +got):\n%s", attempt, diff)
		}
		if !strings.Contains(out.Text, fmt.Sprintf("attempt %d of 3, and the next boot tries again", attempt)) {
			t.Errorf("text %q", out.Text)
		}
	}
	if m.called("RemoveProgram")+m.called("Restart") != 0 {
		t.Error("the program was removed or a restart asked for, although another try is wanted")
	}
	out := runIn(t, m)
	if out.State != completion.StateCompleted || m.own(completion.ValueAttempts) != uint32(3) ||
		m.armed() || m.holdsBlob() || m.called("Restart") != 1 || m.called("RemoveProgram") != 1 {
		t.Errorf("the third attempt: %+v", out)
	}
	if got := strings.Join(m.events, "\n"); strings.Count(got, "3 Windows refused") != 2 || len(m.events) != 3 {
		t.Errorf("events: %q", m.events)
	}
	for _, blob := range m.joined {
		if !bytes.Equal(blob, testBlob) {
			t.Error("an attempt got another blob")
		}
	}
}

func TestThreePassingFailuresAreFinal(t *testing.T) {
	t.Parallel()
	m := answering(staged(), winerr.Busy)
	var out Outcome
	for range completion.MaxAttempts {
		out = runIn(t, m)
	}
	if out.State != completion.StateFailed || out.Code != winerr.Busy || m.armed() || m.holdsBlob() ||
		!strings.Contains(out.Text, "not tried again, because this was attempt 3 of 3") {
		t.Errorf("outcome %+v", out)
	}
	if m.called("Request") != 3 || m.called("RemoveProgram") != 1 {
		t.Error("Windows' function has to be called three times, and then the program goes")
	}
}

// TestNoRetry lets a passing error meet what forbids another try.
func TestNoRetry(t *testing.T) {
	t.Parallel()
	failing := func(call string) func(int, string) error {
		return func(_ int, c string) error {
			if c == call {
				return errInjected
			}
			return nil
		}
	}
	const notReached = "SetRaw Setup\\OfflineJoin\\PreviousCmdLine" // the first call of rearm that nobody else makes
	tests := map[string]struct {
		machine *machine
		fail    func(int, string) error
		why     string
	}{
		"file not lockable":  {staged(), failing("ProtectProgram"), "the program's own file could not be locked down"},
		"attempt not stored": {staged(), failing(`SetNumber Setup\OfflineJoin\Attempts`), "could not be counted"},
		"attempt of another type": {
			staged().set(completion.ValueAttempts, "two"), nil, "could not be counted",
		},
		"all attempts made": {
			staged().set(completion.ValueAttempts, completion.MaxAttempts-1), nil, "this was attempt 3 of 3",
		},
		"hook not armable": {staged(), failing(notReached), "the hook could not be armed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := answering(tt.machine, winerr.Busy)
			m.fail = tt.fail
			out := runIn(t, m)
			if out.Retry || out.State != completion.StateFailed || !strings.Contains(out.Text, "not tried again, because ") ||
				!strings.Contains(out.Text, tt.why) {
				t.Errorf("outcome %+v", out)
			}
			if m.armed() || m.holdsBlob() || m.called("RemoveProgram") != 1 {
				t.Error("a failure without another try has to be final")
			}
		})
	}
}

func TestMoreThanMaxAttemptsAreNotMade(t *testing.T) {
	t.Parallel()
	for _, attempts := range []uint32{completion.MaxAttempts, 7, ^uint32(0)} {
		m := staged().set(completion.ValueAttempts, attempts)
		out := runIn(t, m)
		if out.State != completion.StateFailed || m.called("Join") != 0 || m.armed() || m.holdsBlob() {
			t.Errorf("after %d attempts: %+v", attempts, out)
		}
	}
}

// TestRetryPutsBackWhatItFound: a hook of somebody else's that was there before ours still comes back in the end, and so
// does one that appeared while the join was tried.
func TestRetryPutsBackWhatItFound(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		during    func(m *machine)
		setupType any
		cmdLine   any
	}{
		"the one before":  {func(*machine) {}, uint32(2), "cmd.exe /c x"},
		"a new one":       {func(m *machine) { m.setSetup(completion.ValueCmdLine, "new.exe") }, uint32(2), "new.exe"},
		"none any more":   {func(m *machine) { delete(m.values, `Setup\CmdLine`) }, uint32(2), nil},
		"nothing at all":  {func(m *machine) { delete(m.values, `Setup\SetupType`) }, nil, "cmd.exe /c x"},
		"ours by mistake": {func(m *machine) { m.setSetup(completion.ValueCmdLine, completion.ProgramFile) }, uint32(0), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := staged().set(completion.ValuePreviousSetupType, uint32(2)).
				set(completion.ValuePreviousCmdLine, "cmd.exe /c x")
			m.onRequest = func([]byte) winerr.Code { tt.during(m); return winerr.Busy }
			if out := runIn(t, m); !out.Retry || !m.armed() {
				t.Fatalf("outcome %+v", out)
			}
			m.onRequest = nil
			if out := runIn(t, m); out.State != completion.StateCompleted {
				t.Errorf("outcome %+v", out)
			}
			if m.setup(completion.ValueSetupType) != tt.setupType || m.setup(completion.ValueCmdLine) != tt.cmdLine {
				t.Errorf("the hook became %v, %v", m.setup(completion.ValueSetupType), m.setup(completion.ValueCmdLine))
			}
		})
	}
}

// TestPowerLoss stops the machine at every call, as a loss of power does, and lets it boot again.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	for name, machine := range map[string]func() *machine{"joins": staged, "passing error": stagedButBusy} {
		whole := machine()
		runIn(t, whole)
		for n, call := range whole.calls {
			t.Run(fmt.Sprintf("%s/%02d %s", name, n, call), func(t *testing.T) {
				t.Parallel()
				m := machine()
				stopAt(t, m, n)
				if joined := m.called("Request") > 0; joined && m.armed() && n < whole.first("Event") &&
					m.own(completion.ValueState) != completion.StateStaged {
					t.Error("the hook is armed, and the record does not say that another try is wanted")
				}
				checkAfterPowerLoss(t, m)
			})
		}
	}
}

// stopAt runs m until its n-th call, from which on nothing is done.
func stopAt(t *testing.T, m *machine, n int) {
	t.Helper()
	m.fail = func(i int, _ string) error {
		if i >= n {
			return errInjected
		}
		return nil
	}
	runIn(t, m)
	m.fail = nil
}

// checkAfterPowerLoss demands that the record tells the truth: with the blob there and no hook armed, it is not said to
// be finished; and a started one tells what to do.
func checkAfterPowerLoss(t *testing.T, m *machine) {
	t.Helper()
	state := m.own(completion.ValueState)
	if m.holdsBlob() && (state == completion.StateCompleted || state == completion.StateFailed) {
		t.Errorf("the state is %v, and the blob is there", state)
	}
	if state == completion.StateStarted {
		text, _ := m.own(completion.ValueResultText).(string)
		if m.own(completion.ValueResult) != uint32(winerr.OperationAborted) && text == "" {
			t.Errorf("started, with result %v and text %q", m.own(completion.ValueResult), text)
		}
		if m.own(completion.ValueAttempts) != uint32(1) {
			t.Errorf("started, with %v attempts", m.own(completion.ValueAttempts))
		}
	}
	if !m.armed() {
		return
	}
	m.onRequest = nil
	if out := runIn(t, m); out.State != completion.StateCompleted || m.armed() || m.holdsBlob() {
		t.Errorf("the boot after it: %+v", out)
	}
}

// TestStartedByHand: after a loss of power an administrator may start the program by hand.
func TestStartedByHand(t *testing.T) {
	t.Parallel()
	m := staged().set(completion.ValueState, completion.StateStarted).set(completion.ValueAttempts, uint32(1))
	m.setSetup(completion.ValueSetupType, completion.SetupTypeNone).setSetup(completion.ValueCmdLine, "")
	if out := runIn(t, m); out.State != completion.StateCompleted || m.own(completion.ValueAttempts) != uint32(2) {
		t.Errorf("outcome %+v", out)
	}
}

// TestBootsEnd lets Windows' function answer anything at all, at boot after boot while the hook is armed.
func TestBootsEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		codes := rapid.SliceOfN(rapid.OneOf(
			rapid.SampledFrom([]winerr.Code{0, 2713, 2138, 21, 170, 1722, 87, 50, 2719, 2724, 2710}),
			rapid.Custom(func(rt *rapid.T) winerr.Code { return winerr.Code(rapid.Uint32().Draw(rt, "code")) }),
		), 1, 4).Draw(rt, "answers")
		m := answering(staged(), codes...)
		m.hurries = true
		boots := uint32(0)
		for m.armed() {
			if boots++; boots > completion.MaxAttempts {
				rt.Fatal("the hook is armed for a fourth boot")
			}
			out := Run(m, DefaultLimits())
			if out.Retry != (m.armed() && m.holdsBlob()) || out.Retry != m.armed() {
				rt.Fatalf("boot %d: armed %v, blob %v, %+v", boots, m.armed(), m.holdsBlob(), out)
			}
			if m.own(completion.ValueAttempts) != boots || m.remembersBlob() {
				rt.Fatalf("boot %d: %v attempts", boots, m.own(completion.ValueAttempts))
			}
		}
		state := m.own(completion.ValueState)
		if m.holdsBlob() || (state != completion.StateCompleted && state != completion.StateFailed) {
			rt.Fatalf("in the end: state %v, blob %v", state, m.holdsBlob())
		}
	})
}

func TestPasses(t *testing.T) {
	t.Parallel()
	final := []winerr.Code{
		winerr.Success, winerr.JoinPerformedMustRestart, winerr.InvalidParameter, winerr.NotSupported,
		winerr.AccessDenied, winerr.DiskFull, winerr.ProvisioningBlobUnsupported, winerr.InvalidMachineNameForJoin,
		winerr.BadOfflineJoinInfo, winerr.NoOfflineJoinInfo, winerr.UnhandledException, winerr.SetupAlreadyJoined, 1355,
	}
	for _, code := range final {
		if Passes(code) {
			t.Errorf("%s passes", code)
		}
	}
	passing := []winerr.Code{
		winerr.WkstaNotStarted, winerr.NotReady, winerr.Busy, winerr.ShutdownInProgress, winerr.Timeout,
		winerr.RPCServerUnavailable, winerr.SharingViolation,
	}
	for _, code := range passing {
		if !Passes(code) {
			t.Errorf("%s does not pass", code)
		}
	}
}

func TestStamp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 200_000_000_000).Draw(rt, "seconds"), 0)
		if got, want := Stamp(at), at.UTC().Format(time.RFC3339); got != want {
			rt.Fatalf("%s, want %s", got, want)
		}
	})
}
