package offlinejoin

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// TestWhatSomebodyHasTakenFromAJoinIsTold changes the record of a staged join by hand: its status never says that all is well, and
// unstaging clears the rest away.
func TestWhatSomebodyHasTakenFromAJoinIsTold(t *testing.T) {
	t.Parallel()
	const key = completion.Key
	for name, c := range map[string]struct {
		change func(*regf.Hive) error
		want   State
		says   string // in the detail or a warning
	}{
		"another blob": {
			edit{what: setValue, key: key, name: completion.ValueProvisioningBlob, typ: regf.Binary, data: []byte("blob")}.apply,
			StateStaged, "the blob is not the one that was staged",
		},
		"no digest": {
			edit{what: dropValue, key: key, name: completion.ValueBlobSHA256}.apply,
			StateStaged, "the blob is not the one that was staged",
		},
		"no state": {
			edit{what: dropValue, key: key, name: completion.ValueState}.apply,
			StateAbsent, "the next boot starts odjboot.exe, and the blob is in the image: unstage it",
		},
		"no key": {
			edit{what: dropKey, key: key}.apply,
			StateAbsent, "the next boot starts odjboot.exe: unstage it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := newImage(t, sample.Image{})
			if _, err := Stage(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			changeHive(t, req.Image.WindowsPath, "SYSTEM", c.change)
			st, err := ReadStatus(t.Context(), StatusRequest{Image: req.Image})
			if err != nil {
				t.Fatal(err)
			}
			if told := st.Detail + strings.Join(st.Warnings, ""); st.State != c.want || !strings.Contains(told, c.says) ||
				st.Incomplete != (c.want == StateStaged) {
				t.Errorf("%s, incomplete %v: %q", st.State, st.Incomplete, told)
			}
			if _, err := Unstage(t.Context(), UnstageRequest{Image: req.Image}); err != nil {
				t.Fatal(err)
			}
			st, err = ReadStatus(t.Context(), StatusRequest{Image: req.Image})
			if err != nil || st.State != StateAbsent || len(st.Notices()) > 0 || strings.Contains(strings.Join(st.Warnings, ""), "unstage it") {
				t.Errorf("unstaged: %+v, %v", st, err)
			}
		})
	}
}

// TestABrokenOffFirstBootIsNoSuccess: where Windows has answered nothing, a refusal shows no code of an answer.
func TestABrokenOffFirstBootIsNoSuccess(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	changeHive(t, req.Image.WindowsPath, "SYSTEM", setText(completion.Key, completion.ValueState, completion.StateStarted).apply)
	_, err := Stage(t.Context(), req)
	if err == nil || strings.Contains(err.Error(), "NERR_Success") || !strings.Contains(err.Error(), "that failed at first boot: find out why") {
		t.Errorf("staging again: %v", err)
	}
}
