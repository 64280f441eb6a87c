package boot

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

var errInjected = winerr.Errorf(winerr.DiskFull, "injected")

// TestOneFailureAnywhere lets each single call fail, once with an error and once with a panic, and demands each time
// what the package comment promises.
func TestOneFailureAnywhere(t *testing.T) {
	t.Parallel()
	whole := staged()
	runIn(t, whole)
	for n, call := range whole.calls {
		for _, panics := range []bool{false, true} {
			t.Run(fmt.Sprintf("%02d %s panics=%v", n, call, panics), func(t *testing.T) {
				t.Parallel()
				m := staged()
				m.fail = func(i int, _ string) error {
					switch {
					case i != n:
						return nil
					case panics:
						panic(errInjected)
					}
					return errInjected
				}
				checkPromises(t, m, call)
			})
		}
	}
}

func checkPromises(t *testing.T, m *machine, failing string) {
	t.Helper()
	out := runIn(t, m)
	if m.armed() {
		t.Error("the hook is still armed")
	}
	if m.holdsBlob() {
		t.Error("the blob is still in the registry")
	}
	if m.called("Join") > 1 {
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
	if m.called("RemoveProgram") != 1 {
		t.Error("the program was not removed")
	}
	text, _ := m.own(completion.ValueResultText).(string)
	const clean = "Windows took the join (0 NERR_Success)"
	if told := out.Text != clean || text != clean; !told && failing != "Log" {
		t.Errorf("nothing tells of the failure: %q", out.Text)
	}
}

// TestNothingWorksFromHereOn lets every call from the n-th on fail: first boot must still end, and must not join while
// the hook stays armed.
func TestNothingWorksFromHereOn(t *testing.T) {
	t.Parallel()
	whole := staged()
	runIn(t, whole)
	for n, call := range whole.calls {
		t.Run(fmt.Sprintf("%02d %s", n, call), func(t *testing.T) {
			t.Parallel()
			m := staged()
			m.fail = func(i int, _ string) error {
				if i >= n {
					return errInjected
				}
				return nil
			}
			runIn(t, m)
			if m.armed() && m.called("Join") > 0 {
				t.Error("joined although the hook is still armed")
			}
			if n > whole.first(`SetNumber Setup\SetupType`) && m.armed() {
				t.Error("the hook is armed although it had been put back")
			}
		})
	}
}

func TestArmedHookStopsTheJoin(t *testing.T) {
	t.Parallel()
	m := staged()
	m.fail = func(_ int, call string) error {
		if call == `SetNumber Setup\SetupType` || call == `SetText Setup\CmdLine` {
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
	if out := runIn(t, m); out.Code != genFailure || out.Text != "reading the blob: odd (31)" {
		t.Errorf("outcome %+v", out)
	}
}

func TestPanicTextIsNotTold(t *testing.T) {
	t.Parallel()
	m := staged()
	m.onJoin = func([]byte) winerr.Code { panic("hunter2") }
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
