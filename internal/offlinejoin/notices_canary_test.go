package offlinejoin_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// shown is all that a front end can show of a status.
func shown(t *testing.T, st *core.Status) []byte {
	t.Helper()
	document, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	golden, _ := st.Golden()
	return fmt.Appendf(document, "\n%s\n%s\n%s", st.BesideText(), strings.Join(st.Notices(), "\n"), golden)
}

// TestNoticesHoldNoSecret: what is said of a join of others beside ours has nothing of either blob, also where theirs lies in
// the value that is found.
func TestNoticesHoldNoSecret(t *testing.T) {
	t.Parallel()
	image := core.ImageAt(sampletest.Image(t, sample.Image{}))
	ours, _ := sampletest.Blob(t)
	theirs, _ := sampletest.BlobFor(t, "WEB02", 1108)
	search := canary.ForBlob(ours.Bytes(), ours.MachinePassword()).And(canary.ForBlob(theirs.Bytes(), theirs.MachinePassword()))
	blob, err := core.ReadBlob(ours.Bytes(), "the blob")
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Wipe()
	request := core.Request{Image: image, Blob: blob}
	if _, err := core.Stage(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	sampletest.Edit(t, image.WindowsPath, "SYSTEM", func(h *regf.Hive) error {
		k, _, err := h.CreateKey(`Setup\DJOIN`, nil)
		if err != nil {
			return err
		}
		if err := k.SetValue("Pending", regf.SZ, regf.TextData(string(theirs.AccountData()))); err != nil {
			return err
		}
		return k.SetValue(string(theirs.AccountData())[:200], regf.SZ, nil)
	})
	st, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: image, Logs: true})
	if err != nil || len(st.Beside) != 1 {
		t.Fatalf("%+v, %v", st, err)
	}
	receipt, err := core.Stage(t.Context(), request)
	if err != nil || len(receipt.Warnings) == 0 {
		t.Fatalf("%+v, %v", receipt, err)
	}
	document, err := json.Marshal(receipt)
	if err != nil {
		t.Fatal(err)
	}
	if found := search.In(append(shown(t, st), document...)); found != nil {
		t.Errorf("shown is %q", found)
	}
	system, err := os.ReadFile(filepath.Join(image.WindowsPath, "System32", "config", "SYSTEM"))
	if err != nil || search.In(system) == nil {
		t.Errorf("the search is blind: %v", err)
	}
}

// TestGoldenMarkHoldsNoSecret: neither the mark of a golden image nor what is said of it has anything of a blob, also where the
// golden image was given a join itself meanwhile.
func TestGoldenMarkHoldsNoSecret(t *testing.T) {
	t.Parallel()
	at, _ := newDisk(t, "", overlay)
	ours, _ := sampletest.Blob(t)
	theirs, _ := sampletest.BlobFor(t, "WEB02", 1108)
	search := canary.ForBlob(ours.Bytes(), ours.MachinePassword()).And(canary.ForBlob(theirs.Bytes(), theirs.MachinePassword()))
	look := func(says string) {
		t.Helper()
		disk, err := core.ReadDisk(t.Context(), core.DiskRequest{Image: at, Mark: true})
		if err != nil {
			t.Fatal(err)
		}
		if warning, _ := disk.Status.Golden(); !strings.Contains(warning, says) || (warning == "") != (says == "") {
			t.Errorf("the golden image: %q, want %q", warning, says)
		}
		document, err := json.Marshal(disk)
		if err != nil {
			t.Fatal(err)
		}
		if found := search.In(append(shown(t, &disk.Status), document...)); found != nil {
			t.Errorf("shown is %q", found)
		}
	}
	look("")
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(at.ImagePath, later, later); err != nil {
		t.Fatal(err)
	}
	look("was written to, or copied")
	blob, err := core.ReadBlob(theirs.Bytes(), "the blob")
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Wipe()
	golden := core.Image{}
	golden.ImagePath = at.ImagePath
	if _, err := core.Stage(t.Context(), core.Request{Image: golden, Blob: blob}); err != nil {
		t.Fatal(err)
	}
	look("changed under this overlay")
}
