package imagefs_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// stageRemotely stages a blob into a tree of a machine, as the provisioner does.
func stageRemotely(t *testing.T, d *disk, windows string, req core.Request) (*core.Receipt, error) {
	t.Helper()
	r, err := imagefs.NewRemote(t.Context(), d, "rescue:"+windows, windows)
	must(t, err)
	defer func() { _ = r.Close() }() // it only forgets
	req.Target, req.StagedBy = r, "test"
	receipt, err := core.Stage(t.Context(), req)
	if finish := r.Finish(); err == nil {
		err = finish
	}
	return receipt, err
}

// remoteState opens the image as whoever comes next does, and looks for what is left beside its own files.
func remoteState(t *testing.T, windows string) (state core.State, left []string) {
	t.Helper()
	st, err := core.ReadStatus(t.Context(), core.StatusRequest{WindowsPath: windows})
	must(t, err)
	for _, pattern := range []string{"System32/config/*" + imagefs.BackupSuffix, "System32/*.tmp"} {
		names, err := filepath.Glob(filepath.Join(windows, pattern))
		must(t, err)
		left = append(left, names...)
	}
	return st.State, left
}

// TestRemoteCrash breaks the connection with every change that a stage makes on the machine: before it, in the middle of
// it, and after it. Whatever the change, the image opens as the old or the new one, and the same stage again finishes the
// work and leaves nothing behind.
func TestRemoteCrash(t *testing.T) {
	t.Parallel()
	secret, _ := sampletest.Blob(t)
	req := core.Request{Blob: secret.Bytes()}
	pristine := sampletest.Image(t, sample.Image{})
	whole := &disk{}
	windows := copied(t, pristine)
	_, err := stageRemotely(t, whole, windows, req)
	must(t, err)
	if state, left := remoteState(t, windows); state != core.StateStaged || len(left) > 0 {
		t.Fatalf("the image is %s, with %q left", state, left)
	}
	seen := map[core.State]int{}
	for n := 1; n <= len(whole.steps); n++ {
		for _, how := range []int{before, amid, after} {
			windows := copied(t, pristine)
			if _, err := stageRemotely(t, &disk{breaks: n, how: how}, windows, req); err == nil {
				t.Errorf("%s: no error", whole.steps[n-1])
			}
			state, _ := remoteState(t, windows)
			if seen[state]++; state != core.StateAbsent && state != core.StateStaged {
				t.Errorf("%s: the image is %s", whole.steps[n-1], state)
			}
			_, err := stageRemotely(t, &disk{}, windows, req)
			must(t, err)
			if state, left := remoteState(t, windows); state != core.StateStaged || len(left) > 0 {
				t.Errorf("%s: staged again, the image is %s, with %q left", whole.steps[n-1], state, left)
			}
		}
	}
	t.Logf("%d changes on the machine: %q; after a break: %v", len(whole.steps), whole.steps, seen)
	if seen[core.StateAbsent] == 0 || seen[core.StateStaged] == 0 {
		t.Error("this test has not seen both states: it proves nothing")
	}
}

func copied(t *testing.T, windows string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "Windows")
	must(t, os.CopyFS(to, os.DirFS(windows)))
	return to
}
