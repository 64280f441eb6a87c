package boot

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// runIn lets m boot in a bubble of its own time, where waiting takes none.
func runIn(t *testing.T, m *machine) (out Outcome) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		out = Run(m, DefaultLimits())
		time.Sleep(2 * time.Hour) // until what was left behind has ended too
	})
	return out
}

func TestSuccessStepByStep(t *testing.T) {
	t.Parallel()
	m := staged()
	out := runIn(t, m)
	want := []string{
		`ProtectProgram`,
		`Raw Setup\CmdLine`,
		`Number Setup\OfflineJoin\Version`,
		`Raw Setup\OfflineJoin\PreviousSetupType`,
		`Raw Setup\OfflineJoin\PreviousCmdLine`,
		`SetRaw Setup\SetupType`,
		`SetRaw Setup\CmdLine`,
		`Number Setup\SetupType`,
		`Flush Setup`,
		`Number Setup\SetupType`,
		`Text Setup\OfflineJoin\State`,
		`Number Setup\OfflineJoin\Attempts`,
		`SetNumber Setup\OfflineJoin\Attempts`,
		`Number Setup\OfflineJoin\Version`,
		`Text Setup\OfflineJoin\Method`,
		`Text Setup\OfflineJoin\State`,
		`SetNumber Setup\OfflineJoin\Result`,
		`SetText Setup\OfflineJoin\ResultText`,
		`SetText Setup\OfflineJoin\State`,
		`Flush Setup\OfflineJoin`,
		`Size Setup\OfflineJoin\ProvisioningBlob`,
		`Text Setup\OfflineJoin\BlobSHA256`,
		`Bytes Setup\OfflineJoin\ProvisioningBlob`,
		`SHA256`,
		`Join`, // and in the second process:
		`Number Setup\OfflineJoin\Version`,
		`Text Setup\OfflineJoin\Method`,
		`Text Setup\OfflineJoin\State`,
		`Size Setup\OfflineJoin\ProvisioningBlob`,
		`Text Setup\OfflineJoin\BlobSHA256`,
		`Bytes Setup\OfflineJoin\ProvisioningBlob`,
		`SHA256`,
		`Request`, // here it ends
		`Delete Setup\OfflineJoin\BlobSHA256`,
		`Size Setup\OfflineJoin\ProvisioningBlob`,
		`SetBytes Setup\OfflineJoin\ProvisioningBlob`,
		`Flush Setup\OfflineJoin`,
		`Delete Setup\OfflineJoin\ProvisioningBlob`,
		`Flush Setup\OfflineJoin`,
		`Size Setup\OfflineJoin\ProvisioningBlob`,
		`RemoveProgram`,
		`SetNumber Setup\OfflineJoin\Result`,
		`SetText Setup\OfflineJoin\ResultText`,
		`SetText Setup\OfflineJoin\CompletedAt`,
		`SetText Setup\OfflineJoin\State`,
		`Flush Setup\OfflineJoin`,
		`Log`,
		`Event`,
		`Restart`,
	}
	if diff := cmp.Diff(want, m.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if out.ExitCode() != 0 || out.Code != winerr.Success {
		t.Errorf("outcome %+v", out)
	}
	if !bytes.Equal(m.joined[0], testBlob) {
		t.Error("Windows did not get the blob that was staged")
	}
	if len(m.held) != 3 || m.remembersBlob() {
		t.Error("a copy of the blob in memory was not wiped")
	}
	if diff := cmp.Diff([]string{"1 Windows took the join (0 NERR_Success)"}, m.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	wantValues := map[string]any{
		`Setup\SetupType`:                     completion.SetupTypeNone,
		`Setup\CmdLine`:                       "",
		`Setup\OfflineJoin\Version`:           uint32(1),
		`Setup\OfflineJoin\Method`:            completion.MethodRegistry,
		`Setup\OfflineJoin\State`:             completion.StateCompleted,
		`Setup\OfflineJoin\PreviousSetupType`: completion.SetupTypeNone,
		`Setup\OfflineJoin\PreviousCmdLine`:   "",
		`Setup\OfflineJoin\Attempts`:          uint32(1),
		`Setup\OfflineJoin\Result`:            uint32(0),
		`Setup\OfflineJoin\ResultText`:        "Windows took the join (0 NERR_Success)",
		`Setup\OfflineJoin\CompletedAt`:       "2000-01-01T00:00:00Z", // synctest's first instant
	}
	if diff := cmp.Diff(wantValues, m.values); diff != "" {
		t.Errorf("registry afterwards (-want +got):\n%s", diff)
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	returns := func(code winerr.Code) func([]byte) winerr.Code {
		return func([]byte) winerr.Code { return code }
	}
	tests := map[string]struct {
		machine  *machine
		state    string
		code     winerr.Code
		text     string
		calls    int // of Windows' function
		restarts int
	}{
		"2713 is success": {
			&machine{values: staged().values, onRequest: returns(winerr.JoinPerformedMustRestart)},
			completion.StateCompleted, winerr.JoinPerformedMustRestart, "took the join", 1, 1,
		},
		"known failure": {
			&machine{values: staged().values, onRequest: returns(winerr.InvalidMachineNameForJoin)},
			completion.StateFailed, winerr.InvalidMachineNameForJoin,
			"the machine name is not valid for a join (2724 NERR_InvalidMachineNameForJoin)", 1, 0,
		},
		"unknown failure": {
			&machine{values: staged().values, onRequest: returns(4711)},
			completion.StateFailed, 4711, "(4711)", 1, 0,
		},
		"panic in the call": {
			&machine{values: staged().values, onRequest: func([]byte) winerr.Code { panic("secret") }},
			completion.StateFailed, winerr.UnhandledException, "(574 ERROR_UNHANDLED_EXCEPTION)", 1, 0,
		},
		"crash in the call": {
			&machine{values: staged().values, crashes: true},
			completion.StateFailed, winerr.UnhandledException, "status 0xc0000005 (574 ERROR_UNHANDLED_EXCEPTION)", 1, 0,
		},
		"blob changed": {
			staged().set(completion.ValueProvisioningBlob, bytes.ToUpper(testBlob)),
			completion.StateFailed, winerr.BadOfflineJoinInfo, "it is not the blob that was staged", 0, 0,
		},
		"digest changed": {
			staged().set(completion.ValueBlobSHA256, strings.ToUpper(digest(testBlob))),
			completion.StateFailed, winerr.BadOfflineJoinInfo, "it is not the blob that was staged", 0, 0,
		},
		"no digest": {
			staged().without(completion.ValueBlobSHA256),
			completion.StateFailed, winerr.BadOfflineJoinInfo, "its digest BlobSHA256 is not in the registry", 0, 0,
		},
		"digest of another type": {
			staged().set(completion.ValueBlobSHA256, []byte(digest(testBlob))),
			completion.StateFailed, winerr.BadOfflineJoinInfo, "another type", 0, 0,
		},
		"no blob": {
			staged().without(completion.ValueProvisioningBlob),
			completion.StateFailed, winerr.NoOfflineJoinInfo, "the blob is not in the registry", 0, 0,
		},
		"blob too small": {
			staged().set(completion.ValueProvisioningBlob, make([]byte, completion.MinBlobSize-1)),
			completion.StateFailed, winerr.BadOfflineJoinInfo, "63 bytes", 0, 0,
		},
		"blob too large": {
			staged().set(completion.ValueProvisioningBlob, make([]byte, completion.MaxBlobSize+1)),
			completion.StateFailed, winerr.BadOfflineJoinInfo, "1048577 bytes", 0, 0,
		},
		"blob of another type": {
			staged().set(completion.ValueProvisioningBlob, strings.Repeat("x", 100)),
			completion.StateFailed, winerr.BadOfflineJoinInfo, "another type", 0, 0,
		},
		"version of tomorrow": {
			staged().set(completion.ValueVersion, completion.Version+1),
			completion.StateFailed, winerr.BadOfflineJoinInfo, "version 3", 0, 0,
		},
		"another method": {
			staged().set(completion.ValueMethod, completion.MethodAnswerFile),
			completion.StateFailed, winerr.BadOfflineJoinInfo, "Method", 0, 0,
		},
		"no method": {
			staged().without(completion.ValueMethod),
			completion.StateFailed, winerr.BadOfflineJoinInfo, "Method", 0, 0,
		},
		"unknown state": {
			staged().set(completion.ValueState, "tired"),
			completion.StateFailed, winerr.BadOfflineJoinInfo, "State", 0, 0,
		},
		"no state": {
			staged().without(completion.ValueState),
			completion.StateFailed, winerr.BadOfflineJoinInfo, "State", 0, 0,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := tt.machine
			out := runIn(t, m)
			if out.State != tt.state || out.Code != tt.code || !strings.Contains(out.Text, tt.text) {
				t.Errorf("outcome %+v, want %s, %d, %q", out, tt.state, tt.code, tt.text)
			}
			if (out.ExitCode() == 0) != (tt.state == completion.StateCompleted) {
				t.Errorf("exit code %d", out.ExitCode())
			}
			if n := m.called("Request"); n != tt.calls {
				t.Errorf("Windows' function was called %d times, want %d", n, tt.calls)
			}
			if n := m.called("Restart"); n != tt.restarts {
				t.Errorf("%d restarts were asked for, want %d", n, tt.restarts)
			}
			if m.own(completion.ValueState) != tt.state || m.own(completion.ValueResult) != uint32(tt.code) ||
				m.own(completion.ValueResultText) != out.Text || m.own(completion.ValueAttempts) != uint32(1) {
				t.Errorf("recorded: %v", m.values)
			}
			if m.own(completion.ValueProvisioningBlob) != nil || m.own(completion.ValueBlobSHA256) != nil {
				t.Error("the blob or its digest is still there")
			}
			if m.remembersBlob() {
				t.Error("a copy of the blob in memory was not wiped")
			}
			if m.setup(completion.ValueSetupShutdownRequired) != nil {
				t.Error("SetupShutdownRequired was set although the restart was asked for or is not wanted")
			}
			if m.armed() || m.setup(completion.ValueSetupType) != completion.SetupTypeNone ||
				m.setup(completion.ValueCmdLine) != "" {
				t.Error("the hook was not put back")
			}
			if m.called("RemoveProgram") != 1 {
				t.Error("the program was not removed")
			}
		})
	}
}

func TestNothingStaged(t *testing.T) {
	t.Parallel()
	m := &machine{values: map[string]any{}}
	m.setSetup(completion.ValueSetupType, completion.SetupTypeThenLogon)
	m.setSetup(completion.ValueCmdLine, completion.ProgramFile)
	m.fail = func(_ int, call string) error { // no setter creates our key
		if strings.HasPrefix(call, `Set`) && strings.Contains(call, completion.Key) {
			return ErrAbsent
		}
		return nil
	}
	out := runIn(t, m)
	if out.Code != winerr.NoOfflineJoinInfo || out.ExitCode() != 1 || m.called("Join") != 0 {
		t.Errorf("outcome %+v", out)
	}
	if len(m.events) != 0 || strings.Contains(out.Text, ";") {
		t.Errorf("there is nothing to tell of: %q, %q", m.events, out.Text)
	}
	want := map[string]any{`Setup\SetupType`: completion.SetupTypeNone}
	if diff := cmp.Diff(want, m.values); diff != "" {
		t.Errorf("registry afterwards (-want +got):\n%s", diff)
	}
}

func TestSecondStartChangesNothing(t *testing.T) {
	t.Parallel()
	for _, state := range []string{completion.StateCompleted, completion.StateFailed} {
		m := staged()
		if state == completion.StateFailed {
			m.onRequest = func([]byte) winerr.Code { return winerr.InvalidParameter }
		}
		first := runIn(t, m)
		before := map[string]any{}
		for name, v := range m.values {
			before[name] = v
		}
		m.calls = nil
		second := runIn(t, m)
		if !second.Again || second.State != state || second.Code != first.Code || second.ExitCode() != first.ExitCode() {
			t.Errorf("second start: %+v after %+v", second, first)
		}
		if diff := cmp.Diff(before, m.values); diff != "" {
			t.Errorf("the second start changed the registry (-before +after):\n%s", diff)
		}
		if m.called("Join")+m.called("Restart") != 0 {
			t.Error("the second start acted")
		}
	}
}

func TestHangEndsAtTheLimit(t *testing.T) {
	t.Parallel()
	m := staged().set(completion.ValueAttempts, completion.MaxAttempts-1)
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		m.onRequest = func([]byte) winerr.Code { <-release; return winerr.Success }
		start := time.Now()
		out := Run(m, DefaultLimits())
		if out.Code != winerr.Timeout || m.own(completion.ValueState) != completion.StateFailed {
			t.Errorf("outcome %+v", out)
		}
		if took := time.Since(start); took != DefaultLimits().Join {
			t.Errorf("it took %v", took)
		}
		if m.holdsBlob() || m.armed() || m.called("Restart") != 0 {
			t.Error("the last hang must end like every final failure")
		}
		close(release)
	})
}

func TestEventLogIsNotNeeded(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		onEvent func() error
		line    string
	}{
		"refuses": {
			func() error { return winerr.New(winerr.RPCServerUnavailable, "ReportEvent") },
			"no event was written: ReportEvent (1722 RPC_S_SERVER_UNAVAILABLE)",
		},
		"panics": {func() error { panic("hunter2") }, "no event was written: the program crashed"},
		"hangs":  {func() error { time.Sleep(time.Hour); return nil }, "did not answer within 10s"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := staged()
			m.onEvent = tt.onEvent
			out := runIn(t, m)
			if out.State != completion.StateCompleted || strings.Contains(out.Text, ";") || m.called("Restart") != 1 {
				t.Errorf("outcome %+v", out)
			}
			if len(m.lines) != 2 || !strings.Contains(m.lines[1], tt.line) {
				t.Errorf("log: %q", m.lines)
			}
		})
	}
}

func TestWaitsForTheWorkstationService(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		startsAfter time.Duration
		code        winerr.Code
		atMost      time.Duration
	}{
		"it starts in time": {20 * time.Second, winerr.Success, 22 * time.Second},
		"it never starts":   {time.Hour, winerr.WkstaNotStarted, time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				m := staged()
				m.onRequest = func([]byte) winerr.Code {
					if time.Since(start) < tt.startsAfter {
						return winerr.WkstaNotStarted
					}
					return winerr.Success
				}
				out := Run(m, DefaultLimits())
				if out.Code != tt.code || out.Retry != (tt.code != winerr.Success) {
					t.Errorf("outcome %+v", out)
				}
				if took := time.Since(start); took > tt.atMost {
					t.Errorf("it took %v", took)
				}
				for _, blob := range m.joined {
					if !bytes.Equal(blob, testBlob) {
						t.Fatal("a later call got another blob")
					}
				}
			})
		})
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	refuse := func(code winerr.Code, times int) func() error {
		return func() error {
			if times--; times < 0 {
				return nil
			}
			return winerr.Errorf(code, "no")
		}
	}
	tests := map[string]struct {
		onRestart func() error
		calls     int
		fallback  bool
	}{
		"at once":             {refuse(0, 0), 1, false},
		"not ready at first":  {refuse(winerr.NotReady, 3), 4, false},
		"never ready":         {refuse(winerr.NotReady, 1000), 15, true},
		"refused":             {refuse(winerr.AccessDenied, 1000), 1, true},
		"restarting already":  {refuse(winerr.ShutdownInProgress, 1000), 1, false},
		"panic":               {func() error { panic(1) }, 1, true},
		"error without codes": {func() error { return ErrAbsent }, 1, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := staged()
			m.onRestart = tt.onRestart
			out := runIn(t, m)
			if n := m.called("Restart"); n != tt.calls {
				t.Errorf("%d calls, want %d", n, tt.calls)
			}
			fallback := m.setup(completion.ValueSetupShutdownRequired) == uint32(1)
			if fallback != tt.fallback {
				t.Errorf("SetupShutdownRequired: %v, want %v", fallback, tt.fallback)
			}
			if out.ExitCode() != 0 || m.own(completion.ValueState) != completion.StateCompleted {
				t.Errorf("the join is done all the same: %+v", out)
			}
			text, _ := m.own(completion.ValueResultText).(string)
			if strings.Contains(text, "restart Windows") != tt.fallback {
				t.Errorf("recorded text %q", text)
			}
		})
	}
}
