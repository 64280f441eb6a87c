package boot

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
)

func TestHookIsPutBack(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		machine   *machine
		setupType any
		cmdLine   any
	}{
		"as stock Windows has it": {staged(), uint32(0), ""},
		"absent before": {
			staged().without(completion.ValuePreviousSetupType, completion.ValuePreviousCmdLine), nil, nil,
		},
		"somebody else's hook before": {
			staged().set(completion.ValuePreviousSetupType, uint32(2)).set(completion.ValuePreviousCmdLine, "cmd.exe /c x"),
			uint32(2), "cmd.exe /c x",
		},
		"ourselves before": {
			staged().set(completion.ValuePreviousSetupType, uint32(2)).set(completion.ValuePreviousCmdLine, "ODJBOOT.EXE"),
			uint32(0), nil,
		},
		"previous values of wrong types": {
			staged().set(completion.ValuePreviousSetupType, "2").set(completion.ValuePreviousCmdLine, uint32(1)),
			uint32(0), nil,
		},
		"previous command line of a wrong type": {
			staged().set(completion.ValuePreviousSetupType, uint32(2)).set(completion.ValuePreviousCmdLine, uint32(1)),
			uint32(0), nil,
		},
		"spelled otherwise": {
			staged().setSetup(completion.ValueCmdLine, `"C:\Windows\System32\OdjBoot.exe" `), uint32(0), "",
		},
		"not our hook": {
			staged().setSetup(completion.ValueCmdLine, `oobe\windeploy.exe`), uint32(2), `oobe\windeploy.exe`,
		},
		"command line of a wrong type": {staged().setSetup(completion.ValueCmdLine, uint32(7)), uint32(0), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := tt.machine
			out := runIn(t, m)
			if out.State != completion.StateCompleted {
				t.Errorf("outcome %+v", out)
			}
			if got := m.setup(completion.ValueSetupType); got != tt.setupType {
				t.Errorf("SetupType %v, want %v", got, tt.setupType)
			}
			if got := m.setup(completion.ValueCmdLine); got != tt.cmdLine {
				t.Errorf("CmdLine %v, want %v", got, tt.cmdLine)
			}
		})
	}
}
