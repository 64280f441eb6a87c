package diskimage_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/hostiletext"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestHostileNames gives disk image files, and those that they stand on, names that act on a terminal.
func TestHostileNames(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows allows no such names")
	}
	dir := hostiletext.Folder(t)
	image := filepath.Join(dir, hostiletext.Path("disk"))
	must(t, os.Rename(volume(t, sample.Image{}), image))
	broken, none := filepath.Join(dir, hostiletext.Path("broken")), filepath.Join(dir, hostiletext.Path("none"))
	must(t, os.WriteFile(broken, append([]byte("QFI\xfb"), make([]byte, 508)...), 0o600))
	clone, orphan := filepath.Join(dir, hostiletext.Path("clone")), filepath.Join(dir, hostiletext.Path("orphan"))
	run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", image, clone)
	run(t, "qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F", "raw", "-b", none, orphan, "40M")
	over := filepath.Join(dir, hostiletext.Path("over"))
	_, blob := sampletest.Blob(t)
	stage := []string{"stage", "--blob-file", blob, "--lock-timeout", "20s", "--image-path"}
	for _, args := range [][]string{
		{"inspect", "image", clone},
		{"inspect", "image", broken},
		{"inspect", "image", orphan},
		{"status", "--image-path", image, "--overlay-path", over},
		append(stage, image, "--partition", "7"),
		append(stage, clone, "--copy-path", over),
		append(stage, image, "--overlay-path", image),
		append(stage, image, "--copy-path", filepath.Join(none, "x")),
		append(stage, clone, "--overlay-path", over),
		append(stage, image, "--overlay-path", over, "--on-existing", "replace", "--dry-run"),
		{"unstage", "--image-path", over},
		append(stage, broken),
		append(stage, none),
	} {
		for _, more := range [][]string{nil, {"--json"}} {
			var out, errs bytes.Buffer
			cli.Run(t.Context(), append(more, args...), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
			found := append(hostiletext.Terminal(out.String()), hostiletext.Terminal(errs.String())...)
			if more != nil {
				found = append(found, hostiletext.JSON(out.Bytes(), nil)...)
			}
			if len(found) > 0 {
				t.Errorf("%q %q: %q", more, args, found)
			}
		}
	}
	// The core's errors are shown by others, too.
	for _, location := range []imagefs.Location{
		{ImagePath: broken}, {ImagePath: none}, {ImagePath: orphan}, {ImagePath: image, Partition: 7},
	} {
		_, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: core.Image{Location: location}})
		if err == nil || !plaintext.Safe(err.Error()) {
			t.Errorf("%q: error %q", location, err)
		}
	}
}

// TestExposedDisks stages into a disk image file that others can read.
func TestExposedDisks(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes tell nothing there")
	}
	top, err := os.MkdirTemp("", "exposed-") // test folders are private
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(top)) })
	must(t, os.Chmod(top, 0o755))
	image := filepath.Join(top, "os.img")
	must(t, os.Rename(volume(t, sample.Image{}), image))
	blob, _ := blobFor(t, "WEB01", 1101)
	defer blob.Wipe()
	for _, mode := range []os.FileMode{0o600, 0o644, 0o666} {
		must(t, os.Chmod(image, mode))
		req := core.Request{Image: at(image), Blob: blob, StagedBy: "test"}
		receipt, err := core.Plan(t.Context(), req)
		must(t, err)
		if said := strings.Contains(strings.Join(receipt.Warnings, " "), "others on this machine can"); said != (mode != 0o600) {
			t.Errorf("mode %04o: warnings %q", mode, receipt.Warnings)
		}
		req.SecretExposure = core.ExposureRefuse
		_, err = core.Plan(t.Context(), req)
		code, _ := winerr.CodeOf(err)
		if refused := code == winerr.AccessDenied; refused != (mode != 0o600) || err != nil && !refused {
			t.Errorf("mode %04o, refuse: %v", mode, err)
		}
	}
	over := filepath.Join(top, "over.qcow2")
	req := core.Request{Image: at(image), Blob: blob, StagedBy: "test", SecretExposure: core.ExposureRefuse}
	req.Image.OverlayPath = over
	if _, err := core.Stage(t.Context(), req); err != nil {
		t.Fatalf("a new disk is its owner's: %v", errors.Unwrap(err))
	}
	info, err := os.Stat(over)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the new disk has mode %04o", info.Mode().Perm())
	}
}
