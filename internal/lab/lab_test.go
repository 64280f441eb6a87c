package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// results runs the steps against a machine.
func results(t *testing.T, m Machine, names ...string) map[string]claims.Step {
	t.Helper()
	var some []Step
	for _, s := range Steps() {
		if len(names) == 0 || slices.Contains(names, s.Name) {
			some = append(some, s)
		}
	}
	all := map[string]claims.Step{}
	e := Run(t.Context(), m, t.TempDir(), some, func(s claims.Step) { all[s.Step] = s })
	if len(e.Steps) != len(some) {
		t.Fatalf("%d steps of %d", len(e.Steps), len(some))
	}
	if err := e.Write(&strings.Builder{}); err != nil {
		t.Errorf("the evidence cannot be written: %v", err)
	}
	return all
}

func TestEveryStepPassesOnASoundMachine(t *testing.T) {
	t.Parallel()
	all := results(t, &simulated{code: codes})
	for name, s := range all {
		if s.Result != claims.Passed || len(s.Detail) == 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if all["hives-recover"].Detail["states"] < "10" || len(all) != len(Steps()) {
		t.Errorf("%+v", all)
	}
}

// Each step fails when what it looks for is there.
func TestAPlantedFaultFailsItsStep(t *testing.T) {
	t.Parallel()
	flip := func(suffix string, at int) func(string) {
		return func(path string) {
			raw, err := os.ReadFile(path + suffix)
			if err == nil && len(raw) > at {
				raw[at] ^= 1
				_ = os.WriteFile(path+suffix, raw, 0o600)
			}
		}
	}
	code := func(code uint32) func([]byte, string) uint32 { return func([]byte, string) uint32 { return code } }
	otherByte := func(v *Value) {
		if len(v.Data) > 100 {
			v.Data[99] ^= 1
		}
	}
	tests := map[string]struct {
		m    *simulated
		want string
	}{
		"hives-load":               {&simulated{read: otherByte}, "has other data"},
		"hives-of-the-sample-load": {&simulated{read: func(v *Value) { v.Type++ }}, "has type"},
		"hives-recover":            {&simulated{before: removeLogs}, "state-"},
		"hives-are-written-back":   {&simulated{after: flip("", 0x1000+0x20+4)}, "our engine"},
		"hives-keep-descriptors": {&simulated{rights: func(d []byte) []byte {
			d = slices.Clone(d)
			d[len(d)-1] ^= 1
			return d
		}}, "access list"},
		"volume-is-read":  {&simulated{disk: otherByteInDisk}, "other bytes"},
		"volume-is-sound": {&simulated{chkdsk: 3}, "chkdsk ended with 3"},
		"volume-keeps-descriptors": {&simulated{rights: func(d []byte) []byte {
			d = slices.Clone(d)
			d[len(d)-1] ^= 1
			return d
		}}, "access list"},
		"request-of-our-blob":             {&simulated{code: code(2710)}, "code 2710"},
		"request-of-a-damaged-blob":       {&simulated{code: code(0)}, "code 0"},
		"request-of-half-a-blob":          {&simulated{code: code(0)}, "code 0"},
		"request-for-a-domain-controller": {&simulated{code: code(0)}, "code 0"},
		"request-for-no-windows":          {&simulated{code: code(0)}, "code 0"},
	}
	for _, s := range Steps() {
		tt, planted := tests[s.Name]
		if !planted {
			t.Errorf("%s has no planted fault", s.Name)
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			got := results(t, tt.m, s.Name)[s.Name]
			if got.Result != claims.Failed || !strings.Contains(got.Reason, tt.want) {
				t.Errorf("%+v, want failed with %q", got, tt.want)
			}
		})
	}
}

// A volume that is damaged, and one that Windows wants checked, fail.
func TestADamagedVolumeFailsItsStep(t *testing.T) {
	t.Parallel()
	name := func(s string) []byte { return regf.TextData(s)[:2*len(s)] }
	removed := func(path string) {
		if err := editDisk(t.Context(), path, func(v imagefs.Volume) error { return v.Remove(fileName(1)) }); err != nil {
			t.Error(err)
		}
	}
	for want, m := range map[string]*simulated{
		"a file is missing": {disk: removed},
		"code 2717":         {disk: func(path string) { inDisk(path, name("file-001.bin"), name("file-0x1.bin")) }},
		"attaching: ":       {disk: func(path string) { inDisk(path, []byte("NTFS    "), []byte("XTFS    ")) }},
	} {
		if got := results(t, m, "volume-is-read")["volume-is-read"]; got.Result != claims.Failed || !strings.Contains(got.Reason, want) {
			t.Errorf("%+v, want failed with %q", got, want)
		}
	}
	if got := results(t, &simulated{dirty: true}, "volume-is-sound")["volume-is-sound"]; got.Result != claims.Failed ||
		!strings.Contains(got.Reason, "has to be checked") {
		t.Errorf("%+v", got)
	}
}

// inDisk replaces bytes in a file, wherever they are.
func inDisk(path string, from, to []byte) {
	raw, err := os.ReadFile(path)
	if err == nil {
		_ = os.WriteFile(path, bytes.ReplaceAll(raw, from, to), 0o600) // a disk as it was fails the test
	}
}

// otherByteInDisk changes what only the largest file of the volume has.
func otherByteInDisk(path string) {
	part := pattern(60_064)[60_000:]
	other := slices.Clone(part)
	other[9] ^= 1
	inDisk(path, part, other)
}

// removeLogs makes a Windows that forgets the logs.
func removeLogs(path string) {
	_ = os.Remove(path + ".LOG1")
	_ = os.Remove(path + ".LOG2")
}

func TestWhatAMachineLacksIsSkipped(t *testing.T) {
	t.Parallel()
	all := results(t, &simulated{lacks: fmt.Errorf("wrapped: %w", Lacking("needs an administrator"))})
	for name, s := range all {
		needs := strings.HasPrefix(name, "request-") || strings.HasPrefix(name, "volume-") || name == "hives-of-the-sample-load" || name == "hives-keep-descriptors"
		if skipped := s.Result == claims.Skipped && s.Reason == "needs an administrator"; skipped != needs {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestAStepThatPanicsOrIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	steps := []Step{
		{"panics", "hive-loads", func(context.Context, Machine, string) (Detail, error) { panic("planted") }},
		{"fails", "hive-loads", func(_ context.Context, _ Machine, dir string) (Detail, error) {
			cancel()
			return nil, errors.New("cannot open " + dir)
		}},
		{"is-late", "hive-loads", func(context.Context, Machine, string) (Detail, error) { return Detail{}, nil }},
	}
	dir := t.TempDir()
	e := Run(ctx, &simulated{}, dir, steps, func(claims.Step) {})
	if r := e.Steps[0]; r.Result != claims.Failed || !strings.Contains(r.Reason, "defect") {
		t.Errorf("%+v", r)
	}
	if r := e.Steps[1]; r.Result != claims.Failed || strings.Contains(r.Reason, dir) {
		t.Errorf("a path is in the evidence: %+v", r)
	}
	if r := e.Steps[2]; r.Result != claims.Skipped || r.Reason != "interrupted" {
		t.Errorf("%+v", r)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestEveryStepHasAClaim(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range Steps() {
		if _, known := claims.ByID(s.Claim); !known || seen[s.Name] {
			t.Errorf("%s: claim %s", s.Name, s.Claim)
		}
		seen[s.Name] = true
	}
	if len(seen) != len(Steps()) {
		t.Error(slices.Collect(maps.Keys(seen)))
	}
}
