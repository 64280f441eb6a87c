package virtdisk_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage/virtdisk"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func request(t *testing.T, f virtdisk.Fake, machine string, rid uint32) core.Request {
	t.Helper()
	_, file := sampletest.BlobFor(t, machine, rid)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := core.ReadBlob(data, "")
	if err != nil {
		t.Fatal(err)
	}
	return core.Request{Image: core.Image{Location: f.Over("web01.vhdx"), Open: f.Open}, Blob: blob, StagedBy: "test"}
}

// digests returns the digest of every file of a folder.
func digests(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func count(calls []string, name string) int {
	n := 0
	for _, c := range calls {
		if strings.HasPrefix(c, name+"(") {
			n++
		}
	}
	return n
}

// TestJoin plans, stages, replaces and unstages a join in a new differencing disk. The golden one is only read.
func TestJoin(t *testing.T) {
	t.Parallel()
	f := virtdisk.NewFake(t)
	golden := digests(t, f.Golden())
	req := request(t, f, "WEB01", 1107)
	planned, err := core.Plan(t.Context(), req)
	if err != nil || planned.Outcome != core.OutcomePlanned || len(planned.Changes) == 0 {
		t.Fatalf("%+v, %v", planned, err)
	}
	if calls := f.Calls(); count(calls, "CreateVirtualDisk") != 0 || f.Left() != nil {
		t.Errorf("planning calls %q", calls)
	}
	receipt, err := core.Stage(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Outcome != core.OutcomeStaged || len(receipt.Changes) != len(planned.Changes) || receipt.NewDisk == nil ||
		!receipt.NewDisk.Overlay || receipt.NewDisk.Path != req.Image.OverlayPath || receipt.NewDisk.Size == 0 {
		t.Errorf("%+v, new disk %+v", receipt, receipt.NewDisk)
	}
	expect(t, f, req.Image, core.StateStaged, "WEB01")
	if again, err := core.Stage(t.Context(), req); err != nil || again.Outcome != core.OutcomeUnchanged {
		t.Errorf("%+v, %v", again, err)
	}
	other := request(t, f, "WEB02", 1108)
	_, err = core.Stage(t.Context(), other)
	if code, _ := winerr.CodeOf(err); code != winerr.CantCreateJoinInfo || !strings.Contains(err.Error(), "remove it first") {
		t.Error(err)
	}
	other.Image.Location = req.Image.Made()
	other.OnExisting = core.OnExistingReplace
	if _, err := core.Stage(t.Context(), other); err != nil {
		t.Error(err)
	}
	expect(t, f, other.Image, core.StateStaged, "WEB02")
	if _, err := core.Unstage(t.Context(), core.UnstageRequest{Image: other.Image, StagedBy: "test"}); err != nil {
		t.Error(err)
	}
	expect(t, f, other.Image, core.StateAbsent, "")
	if calls := f.Calls(); count(calls, "CreateVirtualDisk") != 1 || count(calls, "AttachVirtualDisk") != count(calls, "DetachVirtualDisk") {
		t.Errorf("%q", calls)
	}
	if diff := cmp.Diff(golden, digests(t, f.Golden())); diff != "" {
		t.Errorf("the golden disk changed:\n%s", diff)
	}
	if left := f.Left(); !slices.Equal(left, []string{"web01.vhdx"}) {
		t.Errorf("left: %q", left)
	}
}

func expect(t *testing.T, f virtdisk.Fake, at core.Image, state core.State, machine string) {
	t.Helper()
	st, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: at, Logs: true})
	if err != nil || st.State != state || st.MachineName != machine {
		t.Fatalf("%+v, %v", st, err)
	}
	f.Left()
}

// TestRefusedVolume refuses a golden volume that waits for chkdsk, and one that is hibernated, and leaves no overlay.
func TestRefusedVolume(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(virtdisk.Fake) error{
		"dirty": func(f virtdisk.Fake) error { f.Dirty(); return nil },
		"hibernated": func(f virtdisk.Fake) error {
			return os.WriteFile(filepath.Join(f.Golden(), "hiberfil.sys"), []byte("HIBR"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := virtdisk.NewFake(t)
			if err := spoil(f); err != nil {
				t.Fatal(err)
			}
			req := request(t, f, "WEB01", 1107)
			_, planErr := core.Plan(t.Context(), req)
			_, err := core.Stage(t.Context(), req)
			for _, err := range []error{planErr, err} {
				if code, _ := winerr.CodeOf(err); code != winerr.Busy || !strings.Contains(err.Error(), name) {
					t.Error(err)
				}
			}
			if left := f.Left(); left != nil {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// TestFailedJoins lets each call of a whole staging fail: there is no overlay, or a whole one.
func TestFailedJoins(t *testing.T) {
	t.Parallel()
	outcomes := map[string]int{}
	for n := 0; ; n++ {
		f := virtdisk.NewFake(t)
		f.FailAt(n)
		req := request(t, f, "WEB01", 1107)
		_, err := core.Stage(t.Context(), req)
		if f.Failed() == "" {
			break
		}
		f.FailAt(-1)
		left := f.Left()
		switch {
		case left == nil && err == nil:
			t.Fatalf("%s fails, and nothing was made", f.Failed())
		case left == nil:
			outcomes["refused, no overlay"]++
		case !slices.Equal(left, []string{"web01.vhdx"}):
			t.Errorf("%s leaves %q", f.Failed(), left)
		default:
			outcomes[fmt.Sprintf("overlay, reported as an error: %v", err != nil)]++
			at := req.Image
			at.Location = imagefs.Location{ImagePath: at.OverlayPath}
			expect(t, f, at, core.StateStaged, "WEB01")
		}
	}
	for _, o := range slices.Sorted(maps.Keys(outcomes)) {
		t.Logf("%s: %d", o, outcomes[o])
	}
	if outcomes["refused, no overlay"] < 5 {
		t.Error("too few calls refuse")
	}
}
