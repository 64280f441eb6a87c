package diskimage_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// TestOverlayAmongQemusTools has qemu's programs do with an overlay what people do: check, map, compare, convert, rebase onto
// another copy of the golden image, commit into it, and open the chain for a machine. Every result is the same disk.
func TestOverlayAmongQemusTools(t *testing.T) {
	t.Parallel()
	for method, im := range methods() {
		raw := inMBR(t, volume(t, im))
		for _, kind := range kinds {
			name := string(method) + "/" + kind.name
			switch {
			case kind.name == "vmdk-flat" || kind.name == "vhd-fixed":
				continue // qemu-img opens them by their format as the others
			case !long() && name != "registry/compressed":
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				golden := convert(t, raw, kind.format, kind.args)
				amongTools(t, golden, qemuFormat(kind.format))
			})
		}
	}
}

func amongTools(t *testing.T, golden, format string) {
	t.Helper()
	before := judgeBefore(t, golden, format, volumeStart, volumeSize)
	dir := t.TempDir()
	overlay := filepath.Join(dir, "web01.qcow2")
	blob, _ := blobFor(t, "WEB01", 1107)
	req := core.Request{Image: at(golden), Blob: blob}
	req.Image.OverlayPath = overlay
	_, err := core.Stage(t.Context(), req)
	must(t, err)
	before.after(t, overlay, "qcow2")
	same := func(image, format string) {
		t.Helper()
		run(t, "qemu-img", "compare", "-f", "qcow2", "-F", format, overlay, image)
		expectState(t, image, core.StateStaged, "WEB01")
	}
	for _, to := range []string{"raw", "qcow2", "vhdx"} {
		flat := filepath.Join(dir, "flat."+to)
		run(t, "qemu-img", "convert", "-f", "qcow2", "-O", to, overlay, flat)
		same(flat, to)
		must(t, os.Remove(flat))
	}
	copied := filepath.Join(dir, "copy"+filepath.Ext(golden))
	run(t, "cp", golden, copied)
	other := filepath.Join(dir, "other.qcow2")
	for _, args := range [][]string{{"-u"}, nil} {
		run(t, "cp", overlay, other)
		run(t, "qemu-img", append(append([]string{"rebase"}, args...), "-f", "qcow2", "-F", format, "-b", copied, other)...)
		run(t, "qemu-img", "check", "-f", "qcow2", other)
		same(other, "qcow2")
	}
	openInMachine(t, overlay)
	if format == "qcow2" || format == "raw" || format == "vhdx" {
		run(t, "qemu-img", "commit", "-q", "-f", "qcow2", other) // into the copy
		same(copied, format)
	}
}

// openInMachine has qemu open the chain of a disk for a machine that is not started.
func openInMachine(t *testing.T, image string) {
	t.Helper()
	qemu, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		t.Log("not opened by a machine: qemu-system-x86_64 is not installed")
		return
	}
	comma := strings.ReplaceAll(image, ",", ",,")
	cmd := exec.Command(qemu, "-S", "-nodefaults", "-display", "none", "-accel", "tcg", "-m", "64", "-qmp", "stdio",
		"-blockdev", "driver=qcow2,node-name=disk,file.driver=file,file.filename="+comma, "-device", "virtio-blk-pci,drive=disk")
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	var said strings.Builder
	cmd.Stderr = &said
	must(t, cmd.Start())
	_, err = fmt.Fprintln(in, `{"execute":"qmp_capabilities"}{"execute":"query-named-block-nodes"}{"execute":"quit"}`)
	must(t, err)
	stop := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() }) // it has ended, or it will not
	defer stop.Stop()
	found := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var answer struct {
			Return []struct {
				File  string          `json:"file"`
				Image json.RawMessage `json:"image"`
			} `json:"return"`
		}
		if json.Unmarshal(lines.Bytes(), &answer) != nil {
			continue // another shape
		}
		for _, node := range answer.Return {
			found = found || node.File == image && strings.Contains(string(node.Image), "backing-image")
		}
	}
	if err := cmd.Wait(); err != nil || !found {
		t.Errorf("qemu-system-x86_64: %v, opened: %v\n%s", err, found, &said)
	}
}
