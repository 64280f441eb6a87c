package boot

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/completion"
)

// expand is a REG_EXPAND_SZ.
func expand(text string) completion.RawValue {
	return completion.RawValue{Type: 2, Data: completion.SetText(text).Data}
}

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
		"command line of a type that starts nothing": {
			staged().setSetup(completion.ValueCmdLine, uint32(7)), uint32(2), uint32(7),
		},
		"spelled in another type": {
			staged().setSetup(completion.ValueCmdLine, expand("odjboot.exe")), uint32(0), "",
		},
		"byte for byte": {
			staged().set(completion.ValueVersion, uint32(2)).set(completion.ValuePreviousSetupType, "2").
				set(completion.ValuePreviousCmdLine, expand(`%SystemRoot%\x.exe`)),
			"2", expand(`%SystemRoot%\x.exe`),
		},
		"without a terminator, and of odd length": {
			staged().set(completion.ValueVersion, uint32(2)).
				set(completion.ValuePreviousCmdLine, completion.RawValue{Type: 1, Data: []byte("a\x00b\x00c")}),
			uint32(0),
			completion.RawValue{Type: 1, Data: []byte("a\x00b\x00c")},
		},
		"ourselves before, in another type": {
			staged().set(completion.ValueVersion, uint32(2)).set(completion.ValuePreviousSetupType, uint32(2)).
				set(completion.ValuePreviousCmdLine, expand("ODJBOOT.EXE")),
			uint32(0), nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := tt.machine
			out := runIn(t, m)
			if out.State != completion.StateCompleted {
				t.Errorf("outcome %+v", out)
			}
			if got := m.setup(completion.ValueSetupType); !cmp.Equal(got, tt.setupType) {
				t.Errorf("SetupType %v, want %v", got, tt.setupType)
			}
			if got := m.setup(completion.ValueCmdLine); !cmp.Equal(got, tt.cmdLine) {
				t.Errorf("CmdLine %v, want %v", got, tt.cmdLine)
			}
		})
	}
}
