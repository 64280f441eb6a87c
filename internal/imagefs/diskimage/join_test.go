package diskimage_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

func methods() map[core.Method]sample.Image {
	return map[core.Method]sample.Image{
		core.MethodRegistry:   {},
		core.MethodAnswerFile: {ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"},
	}
}

func qemuFormat(format string) string {
	switch format {
	case "":
		return "raw"
	case "clone":
		return "qcow2"
	}
	return format
}

// TestJoinInPlace plans, stages, stages again, replaces and unstages a join in every container that is changed in place, with
// both methods. What is left on the disk is judged by an independent checker of NTFS and, for qcow2, by qemu-img.
func TestJoinInPlace(t *testing.T) {
	t.Parallel()
	for method, im := range methods() {
		raw := inMBR(t, volume(t, im))
		for _, kind := range kinds {
			t.Run(string(method)+"/"+kind.name, func(t *testing.T) {
				t.Parallel()
				image := convert(t, raw, kind.format, kind.args)
				before := volumeOf(t, rawOf(t, image, qemuFormat(kind.format)))
				lifecycle(t, image, method)
				judge(t, image, qemuFormat(kind.format), before)
			})
		}
	}
}

func lifecycle(t *testing.T, image string, method core.Method) {
	t.Helper()
	lifecycleAt(t, at(image), method)
}

func lifecycleAt(t *testing.T, place core.Image, method core.Method) {
	t.Helper()
	image := place.ImagePath
	first, secret := blobFor(t, "WEB01", 1107)
	second, secret2 := blobFor(t, "WEB02", 1108)
	req := core.Request{Image: place, Blob: first, StagedBy: "test"}
	was, err := os.ReadFile(image)
	must(t, err)
	planned, err := core.Plan(t.Context(), req)
	must(t, err)
	if now, err := os.ReadFile(image); err != nil || !bytes.Equal(now, was) {
		t.Fatalf("planning changed the file (%v)", err)
	}
	receipt, err := core.Stage(t.Context(), req)
	must(t, err)
	if planned.Outcome != core.OutcomePlanned || len(planned.Changes) != len(receipt.Changes) || receipt.Method != method {
		t.Errorf("planned %s with %d changes, staged %d by %s", planned.Outcome, len(planned.Changes), len(receipt.Changes),
			receipt.Method)
	}
	if receipt.Outcome != core.OutcomeStaged || receipt.BytesWritten == 0 || receipt.Syncs == 0 {
		t.Errorf("%+v", receipt)
	}
	expectState(t, image, core.StateStaged, "WEB01")
	again, err := core.Stage(t.Context(), req)
	must(t, err)
	if again.Outcome != core.OutcomeUnchanged {
		t.Errorf("staging again: %s", again.Outcome)
	}
	req.Blob = second
	if _, err := core.Stage(t.Context(), req); err == nil {
		t.Error("another join was staged over the first")
	}
	req.OnExisting = core.OnExistingReplace
	replaced, err := core.Stage(t.Context(), req)
	must(t, err)
	if replaced.Syncs < 10 || replaced.BytesWritten < 3<<10 {
		t.Errorf("replacing wrote %d bytes with %d flushes", replaced.BytesWritten, replaced.Syncs)
	}
	t.Logf("staged: %d bytes, %d flushes; replaced: %d bytes, %d flushes", receipt.BytesWritten, receipt.Syncs, replaced.BytesWritten,
		replaced.Syncs)
	expectState(t, image, core.StateStaged, "WEB02")
	absentFrom(t, image, secret, secret2)
	_, err = core.Unstage(t.Context(), core.UnstageRequest{Image: place, StagedBy: "test"})
	must(t, err)
	expectState(t, image, core.StateAbsent, "")
	absentFrom(t, image, secret, nil)
	absentFrom(t, image, secret2, nil)
	if _, err := os.Lstat(image + undojournal.Suffix); err == nil {
		t.Error("the journal is still there")
	}
}

func expectState(t *testing.T, image string, state core.State, machine string) {
	t.Helper()
	st, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: at(image), Logs: true})
	must(t, err)
	if st.State != state || st.MachineName != machine || st.Detail != "" {
		t.Fatalf("the image is %s for %q (%s), and not %s for %q", st.State, st.MachineName, st.Detail, state, machine)
	}
}

// absentFrom searches a file, and those that hold its data, for pieces of a blob that another blob, which is there, does not
// have.
func absentFrom(t *testing.T, file string, secret, there []byte) {
	t.Helper()
	files := []string{file}
	entries, err := os.ReadDir(filepath.Dir(file))
	must(t, err)
	stem := strings.TrimSuffix(filepath.Base(file), ".vmdk")
	for _, e := range entries {
		if stem != filepath.Base(file) && strings.HasPrefix(e.Name(), stem+"-") || e.Name() == "data.raw" {
			files = append(files, filepath.Join(filepath.Dir(file), e.Name()))
		}
	}
	const size, piece = 64 << 20, 32
	window, zeros := make([]byte, size), make([]byte, size) // a disk is not read whole: one of 32 GiB is among them
	for _, name := range files {
		f, err := os.Open(name)
		must(t, err)
		defer f.Close()
		for at := int64(0); ; at += size - piece + 1 {
			n, err := f.ReadAt(window, at)
			if !bytes.Equal(window[:n], zeros[:n]) {
				noPieceOf(t, fmt.Sprintf("%s from %d", filepath.Base(name), at), window[:n], secret, there)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			must(t, err)
		}
	}
}

func noPieceOf(t *testing.T, where string, data, secret, there []byte) {
	t.Helper()
	for off := 0; off+32 <= len(secret); off += 16 {
		piece := secret[off : off+32]
		if bytes.Count(piece, []byte{0}) > 18 || bytes.Contains(there, piece) {
			continue
		}
		if i := bytes.Index(data, piece); i >= 0 {
			t.Fatalf("%s holds bytes %d… of the blob at %d", where, off, i)
		}
	}
}

// judge asks others whether container and volume are sound.
func judge(t *testing.T, image, format, before string) {
	t.Helper()
	if format == "qcow2" || format == "vhdx" {
		run(t, "qemu-img", "check", "-f", format, image)
	}
	after := volumeOf(t, rawOf(t, image, format))
	nchk := testenv.Shared(t, "lab/disk/nchk.py")
	out, err := exec.Command(testenv.Tool(t, "python3"), nchk, "-b", before, after).CombinedOutput()
	if err != nil {
		t.Errorf("nchk.py: %v\n%s", err, out)
	}
}

// TestNewDisk makes overlays and copies of golden images, which stay as they are.
func TestNewDisk(t *testing.T) {
	t.Parallel()
	for method, im := range methods() {
		raw := inMBR(t, volume(t, im))
		for _, kind := range kinds {
			t.Run(string(method)+"/"+kind.name, func(t *testing.T) {
				t.Parallel()
				golden := convert(t, raw, kind.format, kind.args)
				before := volumeOf(t, rawOf(t, golden, qemuFormat(kind.format)))
				newDisk(t, golden, before, qemuFormat(kind.format), true)
				if kind.format != "clone" && kind.format != "vmdk" {
					newDisk(t, golden, before, qemuFormat(kind.format), false)
				}
			})
		}
	}
}

func newDisk(t *testing.T, golden, before, format string, overlay bool) {
	t.Helper()
	blob, secret := blobFor(t, "WEB01", 1107)
	path := filepath.Join(t.TempDir(), "web01."+format)
	req := core.Request{Image: at(golden), Blob: blob, StagedBy: "test"}
	req.Image.CopyPath = path
	if overlay {
		path = filepath.Join(t.TempDir(), "web01.qcow2")
		req.Image.OverlayPath, req.Image.CopyPath, format = path, "", "qcow2"
	}
	info, err := os.Stat(golden)
	must(t, err)
	was, err := os.ReadFile(golden)
	must(t, err)
	if _, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: req.Image}); err == nil {
		t.Error("a disk that is not made has a status")
	}
	_, err = core.Plan(t.Context(), req)
	must(t, err)
	if _, err := os.Lstat(path); err == nil {
		t.Fatal("planning made the disk")
	}
	receipt, err := core.Stage(t.Context(), req)
	must(t, err)
	made, err := os.Stat(path)
	must(t, err)
	if d := receipt.NewDisk; d == nil || d.Path != path || d.Overlay != overlay || d.Size != made.Size() {
		t.Errorf("%+v", receipt.NewDisk)
	}
	t.Logf("%s: %d bytes, %d written", filepath.Base(path), made.Size(), receipt.BytesWritten)
	expectState(t, path, core.StateStaged, "WEB01")
	again, err := core.Stage(t.Context(), req)
	must(t, err)
	if again.Outcome != core.OutcomeUnchanged {
		t.Errorf("staging again: %s", again.Outcome)
	}
	other := req
	other.Blob, _ = blobFor(t, "WEB02", 1108)
	other.OnExisting = core.OnExistingReplace
	for _, f := range []func() error{
		func() error { _, err := core.Plan(t.Context(), other); return err },
		func() error { _, err := core.Stage(t.Context(), other); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), "exists") {
			t.Errorf("another join into a disk that is there: %v", err)
		}
	}
	judge(t, path, format, before)
	_, err = core.Unstage(t.Context(), core.UnstageRequest{Image: req.Image, StagedBy: "test"})
	must(t, err)
	expectState(t, path, core.StateAbsent, "")
	absentFrom(t, path, secret, nil)
	now, err := os.ReadFile(golden)
	must(t, err)
	if later, err := os.Stat(golden); err != nil || !later.ModTime().Equal(info.ModTime()) || !bytes.Equal(was, now) {
		t.Errorf("the golden image changed (%v)", err)
	}
}

// TestUnstageInAClone takes a join back that the golden image holds. The clone holds nothing of it then, and the user is told
// that the golden image does.
func TestUnstageInAClone(t *testing.T) {
	t.Parallel()
	for method, im := range methods() {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			base := convert(t, inMBR(t, volume(t, im)), "", nil)
			blob, secret := blobFor(t, "WEB01", 1107)
			_, err := core.Stage(t.Context(), core.Request{Image: at(base), Blob: blob})
			must(t, err)
			clone := filepath.Join(t.TempDir(), "clone.qcow2")
			run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, clone)
			before := volumeOf(t, base)
			receipt, err := core.Unstage(t.Context(), core.UnstageRequest{Image: at(clone)})
			must(t, err)
			if !strings.Contains(strings.Join(receipt.Warnings, "\n"), "is still in "+base) {
				t.Errorf("warnings: %q", receipt.Warnings)
			}
			expectState(t, clone, core.StateAbsent, "")
			expectState(t, base, core.StateStaged, "WEB01")
			absentFrom(t, clone, secret, nil)
			judge(t, clone, "qcow2", before)
		})
	}
}
