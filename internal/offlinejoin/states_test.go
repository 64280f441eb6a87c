package offlinejoin

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// setupFlags are values of SYSTEM\Setup.
type setupFlags struct {
	name    string
	numbers map[string]uint32
	cmdLine string
}

// TestEveryImageStateHasAnAnswer is the table of docs/first-boot.md: what each method makes of each state of an image.
func TestEveryImageStateHasAnAnswer(t *testing.T) {
	t.Parallel()
	none := setupFlags{name: "no flags"}
	inSetup := setupFlags{"Setup in progress", map[string]uint32{"SystemSetupInProgress": 1}, ""}
	inOOBE := setupFlags{"OOBE in progress", map[string]uint32{"OOBEInProgress": 1}, ""}
	windeploy := setupFlags{"Setup's own hook", map[string]uint32{"SetupType": 2}, `oobe\windeploy.exe`}
	foreignHook := setupFlags{"somebody's hook", map[string]uint32{"SetupType": 2}, `cmd.exe /c fix.cmd`}
	const yes, no = true, false
	for _, c := range []struct {
		imageState       string
		flags            setupFlags
		auto             Method // "" for a refusal
		registry, answer bool
	}{
		{"IMAGE_STATE_COMPLETE", none, MethodRegistry, yes, no},
		{"IMAGE_STATE_COMPLETE", foreignHook, MethodRegistry, yes, no},
		{"IMAGE_STATE_COMPLETE", inSetup, "", no, no},
		{"IMAGE_STATE_COMPLETE", inOOBE, "", no, no},
		{"IMAGE_STATE_COMPLETE", windeploy, "", no, no},
		{"-", none, MethodRegistry, yes, no},
		{"-", windeploy, "", no, no},
		{"IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE", none, MethodAnswerFile, no, yes},
		{"IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE", windeploy, MethodAnswerFile, no, yes},
		{"IMAGE_STATE_GENERALIZE_RESEAL_TO_AUDIT", windeploy, MethodAnswerFile, no, yes},
		{"IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE", windeploy, "", no, no},
		{"IMAGE_STATE_SPECIALIZE_RESEAL_TO_AUDIT", none, "", no, no},
		{"IMAGE_STATE_UNDEPLOYABLE", none, "", no, no},
		{"IMAGE_STATE_OF_TOMORROW", none, "", no, no},
	} {
		t.Run(c.imageState+", "+c.flags.name, func(t *testing.T) {
			t.Parallel()
			req := newImage(t, sample.Image{ImageState: c.imageState})
			if c.imageState == "-" {
				changeHive(t, req.Image.WindowsPath, "SOFTWARE", func(h *regf.Hive) error {
					k, err := h.Key(`Microsoft\Windows\CurrentVersion\Setup\State`)
					if err != nil {
						return err
					}
					return k.DeleteValue("ImageState")
				})
			}
			changeHive(t, req.Image.WindowsPath, "SYSTEM", c.flags.set)
			answer := func(m Method) (Method, bool) {
				req.Method = m
				plan, err := Plan(t.Context(), req)
				if code, ok := winerr.CodeOf(err); err != nil && (!ok || code != winerr.NotSupported) {
					t.Errorf("method %q: %v", m, err)
				}
				if err != nil {
					return "", false
				}
				return plan.Method, true
			}
			if got, _ := answer(MethodAuto); got != c.auto {
				t.Errorf("auto is %q, want %q", got, c.auto)
			}
			if _, got := answer(MethodRegistry); got != c.registry {
				t.Errorf("registry is possible: %v", got)
			}
			if _, got := answer(MethodAnswerFile); got != c.answer {
				t.Errorf("answer_file is possible: %v", got)
			}
		})
	}
}

func (f setupFlags) set(h *regf.Hive) error {
	for name, n := range f.numbers {
		if err := setNumber(completion.SetupKey, name, n).apply(h); err != nil {
			return err
		}
	}
	if f.cmdLine == "" {
		return nil
	}
	return setText(completion.SetupKey, completion.ValueCmdLine, f.cmdLine).apply(h)
}
