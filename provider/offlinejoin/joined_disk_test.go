package offlinejoin

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

const joinedDiskName = "offlinejoin_joined_disk"

// diskOf is the disk image file at a path.
func diskOf(path string) core.Image {
	var at core.Image
	at.ImagePath, at.LockTimeout = path, 20*time.Second
	return at
}

// goldenImage makes a raw golden image, which needs no tool but mkntfs.
func goldenImage(t *testing.T) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "golden.raw")
	content, err := os.ReadFile(sampletest.Volume(t, sample.Image{}))
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, content)
	return to
}

// newDisk is a new disk in a configuration: what makes it, and where it is.
type newDisk struct {
	golden, path string
	config       map[string]string
}

func newDiskOver(t *testing.T, golden, word string) newDisk {
	t.Helper()
	_, file := sampletest.Blob(t)
	path := filepath.Join(t.TempDir(), "web01.disk")
	return newDisk{golden, path, map[string]string{"image_path": golden, word: path, "blob_file": file}}
}

// madeDisk is a disk that was planned and applied, with its state and private state.
type madeDisk struct {
	newDisk
	state   *tfprotov6.DynamicValue
	private []byte
}

func (n newDisk) make(t *testing.T, p plugin) madeDisk {
	t.Helper()
	planned := p.plan(n.config)
	p.good(planned.Diagnostics)
	applied := p.apply(n.config, planned)
	p.good(applied.Diagnostics)
	if t.Failed() {
		t.FailNow()
	}
	return madeDisk{n, applied.NewState, applied.Private}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func sayings(diagnostics []*tfprotov6.Diagnostic) string {
	var all []string
	for _, d := range diagnostics {
		all = append(all, d.Severity.String()+" "+d.Summary+": "+d.Detail)
	}
	return strings.Join(all, "\n")
}

func failed(diagnostics []*tfprotov6.Diagnostic) bool {
	return slices.ContainsFunc(diagnostics, func(d *tfprotov6.Diagnostic) bool {
		return d.Severity == tfprotov6.DiagnosticSeverityError
	})
}

func sha(t *testing.T, path string) [32]byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(content)
}

// TestOnDestroy destroys disks of both kinds in every state, with every word of on_destroy.
func TestOnDestroy(t *testing.T) {
	t.Parallel()
	golden := goldenImage(t)
	before := sha(t, golden)
	events := map[string]func(t *testing.T, d madeDisk) (done func()){
		"unused": func(*testing.T, madeDisk) func() { return nil },
		"booted": func(t *testing.T, d madeDisk) func() {
			bootDisk(t, d.path)
			return nil
		},
		"held": func(t *testing.T, d madeDisk) func() { return holdDisk(t, d.path) },
		"one byte": func(t *testing.T, d madeDisk) func() {
			changeByte(t, d.path)
			return nil
		},
		"another name": func(t *testing.T, d madeDisk) func() {
			if err := os.Link(d.path, d.path+".snapshot"); err != nil {
				t.Skip(err)
			}
			return nil
		},
		"gone": func(t *testing.T, d madeDisk) func() {
			if err := os.Remove(d.path); err != nil {
				t.Fatal(err)
			}
			write(t, d.path+".other", nil)
			return nil
		},
	}
	for _, kind := range []string{"overlay_path", "copy_path"} {
		for event, happens := range events {
			for _, word := range []string{"delete_unused", "delete", "keep"} {
				t.Run(kind+"/"+event+"/"+word, func(t *testing.T) {
					t.Parallel()
					ledger := filepath.Join(t.TempDir(), "ledger")
					p := newPlugin(t, map[string]string{"ledger_file": ledger, "lock_timeout": "1s"}).of(joinedDiskName)
					n := newDiskOver(t, golden, kind)
					n.config["on_destroy"] = word
					d := n.make(t, p)
					if done := happens(t, d); done != nil {
						defer done()
					}
					wantGone := event == "gone" || word == "delete_unused" && event == "unused" ||
						word == "delete" && event != "held" && event != "another name"
					wantFailed := word == "delete" && (event == "held" || event == "another name")
					diagnostics := p.destroy(d.state, d.private)
					if exists(d.path) == wantGone || failed(diagnostics) != wantFailed {
						t.Errorf("the disk exists: %v, failed: %v\n%s", exists(d.path), failed(diagnostics), sayings(diagnostics))
					}
					if silent := word != "keep" && wantGone && event != "gone"; silent != (len(diagnostics) == 0) {
						t.Errorf("said %q", sayings(diagnostics))
					}
					if len(diagnostics) > 0 && !strings.Contains(sayings(diagnostics), d.path) {
						t.Errorf("%q does not name the file", sayings(diagnostics))
					}
					wantFree := word != "keep" && event == "unused"
					if uses, err := core.LedgerEntries(t.Context(), core.SingleUse{LedgerFile: ledger}); err != nil || (len(uses) == 0) != wantFree {
						t.Errorf("the ledger has %d uses in force, %v", len(uses), err)
					}
				})
			}
		}
	}
	t.Cleanup(func() {
		if sha(t, golden) != before {
			t.Error("the golden image has changed")
		}
	})
}

// bootDisk does to a disk what the least that any start of Windows and its shutdown does: the time of that is another.
func bootDisk(t *testing.T, path string) {
	t.Helper()
	editDisk(t, path, func(h *regf.Hive, control string) error {
		key, err := h.Key(control + `\` + completion.ControlWindowsKey)
		if err != nil {
			key, _, err = h.CreateKey(control+`\`+completion.ControlWindowsKey, nil)
		}
		return errors.Join(err, key.SetValue(completion.ControlShutdownTime, regf.Binary, []byte{1, 2, 3, 4, 5, 6, 7, 8}))
	})
}

// completeDisk does to a disk what a first boot does that goes well.
func completeDisk(t *testing.T, path string) {
	t.Helper()
	editDisk(t, path, func(h *regf.Hive, _ string) error {
		key, err := h.Key(completion.Key)
		return errors.Join(err,
			key.DeleteValue(completion.ValueProvisioningBlob),
			key.SetValue(completion.ValueState, regf.SZ, regf.TextData(completion.StateCompleted)),
			key.SetValue(completion.ValueAttempts, regf.DWORD, regf.DWORDData(1)),
		)
	})
}

// editDisk changes the SYSTEM hive in a disk; control is the control set that its Windows uses.
func editDisk(t *testing.T, path string, change func(h *regf.Hive, control string) error) {
	t.Helper()
	session, err := open.Image(t.Context(), diskOf(path).Location, imagefs.Write)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close() // what was changed is committed
	im, err := winimage.Open(t.Context(), session, winimage.Write)
	if err != nil {
		t.Fatal(err)
	}
	err = change(im.System(), im.ControlSet())
	if err == nil {
		_, err = im.System().Commit(regf.CommitOptions{})
	}
	err = errors.Join(err, im.Close())
	if err == nil {
		_, err = session.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// holdDisk lets qemu have the disk, as a machine does.
func holdDisk(t *testing.T, path string) (release func()) {
	t.Helper()
	format := "raw"
	if head, err := os.ReadFile(path); err == nil && strings.HasPrefix(string(head), "QFI\xfb") {
		format = "qcow2"
	}
	qemu := exec.Command(testenv.Tool(t, "qemu-io"), "-f", format, path)
	in, err := qemu.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := qemu.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := qemu.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("length\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 100)); err != nil { // it has opened the disk by now
		t.Fatal(err)
	}
	return func() {
		_ = in.Close()
		_ = qemu.Wait()
	}
}

// changeByte changes the last byte of a file.
func changeByte(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, info.Size()-1); err != nil {
		t.Fatal(err)
	}
	last[0] ^= 1
	if _, err := f.WriteAt(last, info.Size()-1); err != nil {
		t.Fatal(err)
	}
}

// diskStatus is the status of the Windows in a disk.
func diskStatus(t *testing.T, path string) core.State {
	t.Helper()
	st, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: diskOf(path)})
	if err != nil {
		t.Fatal(err)
	}
	return st.State
}

// TestAMarkAlsoWhenInterrupted: a disk that was made is remembered, so that destroying removes it, although its apply was stopped.
func TestAMarkAlsoWhenInterrupted(t *testing.T) {
	t.Parallel()
	at := diskOf(sampletest.Volume(t, sample.Image{}))
	at.OverlayPath = filepath.Join(t.TempDir(), "web01.qcow2")
	secret, _ := sampletest.Blob(t)
	blob, err := core.ReadBlob(secret.Bytes(), "the blob")
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Wipe()
	if _, err := core.Stage(t.Context(), core.Request{Image: at, Blob: blob}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var diags diag.Diagnostics
	if disk := new(run).markOf(ctx, at, &diags); disk == nil || disk.Mark == nil || len(diags) > 0 {
		t.Errorf("%+v, %v", disk, diags)
	}
}
