package boot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// errInjected is final, errPassing is not.
var (
	errInjected = winerr.Errorf(winerr.DiskFull, "injected")
	errPassing  = winerr.Errorf(winerr.Busy, "injected")
)

// TestOneFailureAnywhere lets each single call fail, with a final error, with a passing one and with a panic, and
// demands each time what the package comment promises. It does so for a join that succeeds and for one that meets a
// passing error.
func TestOneFailureAnywhere(t *testing.T) {
	t.Parallel()
	for join, machine := range map[string]func() *machine{"joins": staged, "passing error": stagedButBusy} {
		whole := machine()
		runIn(t, whole)
		for n, call := range whole.calls {
			for how, fails := range map[string]func() error{
				"final": func() error { return errInjected }, "passing": func() error { return errPassing },
				"panic": func() error { panic(errInjected) },
			} {
				t.Run(fmt.Sprintf("%s/%02d %s %s", join, n, call, how), func(t *testing.T) {
					t.Parallel()
					m := machine()
					m.fail = func(i int, _ string) error {
						if i == n {
							return fails()
						}
						return nil
					}
					checkPromises(t, m, call)
				})
			}
		}
	}
}

// stagedButBusy is a machine whose Windows' function meets a passing error.
func stagedButBusy() *machine {
	m := staged()
	m.onRequest = func([]byte) winerr.Code { return winerr.Busy }
	return m
}

func checkPromises(t *testing.T, m *machine, failing string) {
	t.Helper()
	out := runIn(t, m)
	if m.armed() != out.Retry {
		t.Errorf("the hook is armed: %v, outcome %+v", m.armed(), out)
	}
	if m.holdsBlob() != out.Retry {
		t.Errorf("the blob is in the registry: %v, outcome %+v", m.holdsBlob(), out)
	}
	if out.Retry && (!Passes(out.Code) || failing == "ProtectProgram" || strings.HasSuffix(failing, "Attempts")) {
		t.Errorf("another try was not allowed: %+v", out)
	}
	if m.remembersBlob() {
		t.Error("a copy of the blob in memory was not wiped")
	}
	if m.called("Request") > 1 {
		t.Error("Windows' function was called twice")
	}
	if at := m.first("Join"); at >= 0 && at < m.first(`Flush Setup`) {
		t.Error("the join came before the hook was put back")
	}
	recording := strings.HasPrefix(failing, "Set") && strings.Contains(failing, completion.Key)
	state, result := m.own(completion.ValueState), m.own(completion.ValueResult)
	if !recording && (state != out.State || result != uint32(out.Code)) {
		t.Errorf("recorded %v and %v, outcome %+v", state, result, out)
	}
	done := out.State == completion.StateCompleted
	if asked := m.called("Restart") == 1; asked != done {
		t.Errorf("restart asked: %v, outcome %+v", asked, out)
	}
	if removed := m.called("RemoveProgram") == 1; removed == out.Retry {
		t.Errorf("program removed: %v, outcome %+v", removed, out)
	}
	text, _ := m.own(completion.ValueResultText).(string)
	const clean = "Windows took the join (0 NERR_Success)"
	told := out.Text != clean || text != clean || len(m.lines) > 1
	if !told && failing != "Log" {
		t.Errorf("nothing tells of the failure: %q, %q", out.Text, m.lines)
	}
}

// TestNothingWorksFromHereOn lets every call from the n-th on fail: first boot must still end, and must not join while
// the hook stays armed.
func TestNothingWorksFromHereOn(t *testing.T) {
	t.Parallel()
	whole := stagedButBusy()
	runIn(t, whole)
	for n, call := range whole.calls {
		t.Run(fmt.Sprintf("%02d %s", n, call), func(t *testing.T) {
			t.Parallel()
			m := stagedButBusy()
			m.fail = func(i int, _ string) error {
				if i >= n {
					return errInjected
				}
				return nil
			}
			out := runIn(t, m)
			if m.armed() && m.called("Join") > 0 && !out.Retry && n <= whole.first("Join") {
				t.Error("joined although the hook is still armed")
			}
			rearmed := slices.Index(whole.calls[whole.first("Join"):], `SetNumber Setup\SetupType`) + whole.first("Join")
			if n > whole.first(`SetRaw Setup\SetupType`) && n <= rearmed && m.armed() {
				t.Error("the hook is armed although it had been put back")
			}
		})
	}
}

func TestArmedHookStopsTheJoin(t *testing.T) {
	t.Parallel()
	m := staged()
	m.fail = func(_ int, call string) error {
		if call == `SetNumber Setup\SetupType` || call == `SetRaw Setup\SetupType` || call == `SetText Setup\CmdLine` ||
			call == `SetRaw Setup\CmdLine` {
			return errInjected
		}
		return nil
	}
	out := runIn(t, m)
	if out.State != completion.StateFailed || out.Code != winerr.AccessDenied || m.called("Join") != 0 {
		t.Errorf("outcome %+v", out)
	}
	if m.holdsBlob() || m.called("RemoveProgram") != 1 {
		t.Error("blob or program are still there")
	}
}

func TestRuntimePanicIsTold(t *testing.T) {
	t.Parallel()
	m := staged()
	m.fail = func(_ int, call string) error {
		if call == "RemoveProgram" {
			return []error{}[len(m.lines)]
		}
		return nil
	}
	out := runIn(t, m)
	const want = "asking for the program's removal: the program crashed: runtime error: index out of range [0]"
	if !strings.Contains(out.Text, want) || out.State != completion.StateCompleted {
		t.Errorf("outcome %+v", out)
	}
}

func TestErrorWithoutCodeGetsOne(t *testing.T) {
	t.Parallel()
	m := staged()
	m.fail = func(_ int, call string) error {
		if call == `Bytes Setup\OfflineJoin\ProvisioningBlob` {
			return errors.New("odd")
		}
		return nil
	}
	if out := runIn(t, m); out.Code != winerr.GenFailure || out.Text != "reading the blob: odd (31 ERROR_GEN_FAILURE)" {
		t.Errorf("outcome %+v", out)
	}
}

func TestPanicTextIsNotTold(t *testing.T) {
	t.Parallel()
	m := staged()
	m.onRequest = func([]byte) winerr.Code { panic("hunter2") }
	m.fail = func(_ int, call string) error {
		if call == "ProtectProgram" {
			panic("hunter2")
		}
		return nil
	}
	out := runIn(t, m)
	if all := fmt.Sprint(out, m.values, m.lines); strings.Contains(all, "hunter2") {
		t.Error("the text of a panic came out")
	}
}
