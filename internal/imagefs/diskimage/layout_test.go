package diskimage_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// laidOut makes a disk with the partitions that the arguments of mkdisk.py describe, and returns where each begins.
func laidOut(t testing.TB, args ...string) (image string, offsets []int64) {
	t.Helper()
	image = filepath.Join(t.TempDir(), "disk.img")
	args = append([]string{testenv.Shared(t, "lab/disk/mkdisk.py"), image}, args...)
	out := run(t, "python3", args...)
	for line := range strings.Lines(out) {
		var number int
		var role string
		var off, size int64
		if n, err := fmt.Sscan(line, &number, &role, &off, &size); n < 4 {
			t.Fatalf("mkdisk.py printed %q: %v", line, err)
		}
		offsets = append(offsets, off)
	}
	return image, offsets
}

// TestSeveralWindows wants to be told which.
func TestSeveralWindows(t *testing.T) {
	t.Parallel()
	whole := volume(t, sample.Image{})
	image, _ := laidOut(t, "128M", "--part", "windows="+whole, "--part", "windows="+whole)
	refused(t, core.Request{Image: at(image)}, image, winerr.InvalidParameter, "holds 2 Windows installations (partition 1 ")
	blob, _ := blobFor(t, "WEB01", 1107)
	second := at(image)
	second.Partition = 2
	_, err := core.Stage(t.Context(), core.Request{Image: second, Blob: blob})
	must(t, err)
	for number, want := range map[int]core.State{1: core.StateAbsent, 2: core.StateStaged} {
		one := at(image)
		one.Partition = number
		st, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: one})
		must(t, err)
		if st.State != want {
			t.Errorf("partition %d is %s, not %s", number, st.State, want)
		}
	}
}

// TestInspectSeveralWindows names each Windows of a disk.
func TestInspectSeveralWindows(t *testing.T) {
	t.Parallel()
	server := volume(t, sample.Image{})
	client := volume(t, sample.Image{ProductName: "Windows 10 Pro", ProductType: "WinNT", Build: "19045", UBR: 3803})
	image, _ := laidOut(t, "128M", "--part", "windows="+server, "--part", "windows="+client)
	var out, errs bytes.Buffer
	args := []string{"inspect", "image", image}
	if code := cli.Run(t.Context(), args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	for _, want := range []string{
		`Windows Server 2022 Standard, build 20348.2700, on NTFS "OS"`, `Windows 10 Pro, build 19045.3803, on NTFS "OS"`,
		"Windows 10 Pro   build 19045.3803",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

// TestStoragePool is refused for what it is.
func TestStoragePool(t *testing.T) {
	t.Parallel()
	image, _ := laidOut(t, "64M", "--part", "efi:8M", "--part", "spaces:32M")
	refused(t, core.Request{Image: at(image)}, image, winerr.NotSupported, "belongs to a storage pool")
}

// TestInUse is refused while qemu has the image open, also as a golden one.
func TestInUse(t *testing.T) {
	t.Parallel()
	image := convert(t, inMBR(t, volume(t, sample.Image{})), "qcow2", nil)
	qemu := exec.Command(testenv.Tool(t, "qemu-io"), "-f", "qcow2", image)
	in, err := qemu.StdinPipe()
	must(t, err)
	out, err := qemu.StdoutPipe()
	must(t, err)
	must(t, qemu.Start())
	defer func() { must(t, qemu.Wait()) }()
	defer func() { must(t, in.Close()) }()
	_, err = fmt.Fprintln(in, "length")
	must(t, err)
	_, err = out.Read(make([]byte, 100)) // it has opened the image by now
	must(t, err)
	overlay := core.Request{Image: at(image)}
	overlay.Image.OverlayPath = filepath.Join(t.TempDir(), "web01.qcow2")
	for _, req := range []core.Request{{Image: at(image)}, overlay} {
		req.Image.LockTimeout = 0
		refused(t, req, image, winerr.Busy, "is in use")
	}
}

// TestCommand runs the command line on a golden image.
func TestCommand(t *testing.T) {
	t.Parallel()
	golden := convert(t, inMBR(t, volume(t, sample.Image{})), "qcow2", nil)
	dir := t.TempDir()
	web, blob := filepath.Join(dir, "web01.qcow2"), filepath.Join(dir, "web01.djoin")
	_, secret := blobFor(t, "WEB01", 1107)
	must(t, os.WriteFile(blob, secret, 0o600))
	join := filepath.Join(dir, "fleet.join.hcl")
	must(t, os.WriteFile(join, []byte(fmt.Sprintf(`join "web" {
  image_path   = %q
  partition    = 2
  overlay_path = %q
  backing      = "relative"
  blob_file    = %q
}
`, golden, "web02.qcow2", blob)), 0o600))
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"inspect", "image", golden}, `2          Windows Server 2022 Standard, build 20348.2700, on NTFS "OS"`},
		{
			[]string{"stage", "--image-path", golden, "--overlay-path", web, "--blob-file", blob},
			"over " + golden + ") with the join of WEB01 to corp.example.com; " + golden + " was only read.",
		},
		{[]string{"status", "--image-path", golden, "--overlay-path", web}, "WEB01 → corp.example.com is staged"},
		{[]string{"status", "--image-path", golden}, "No join is staged."},
		{[]string{"unstage", "--image-path", web}, "Took back the join"},
		{[]string{"apply", join, "--yes"}, "join.web"},
		{[]string{"status", join}, "staged"},
		{[]string{"unstage", join, "--yes"}, "join.web"},
	} {
		var out, errs bytes.Buffer
		code := cli.Run(t.Context(), c.args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
		if code != 0 || !strings.Contains(out.String(), c.says) {
			t.Errorf("%q: exit code %d, no %q in\n%s%s", c.args, code, c.says, &out, &errs)
		}
	}
	info := run(t, "qemu-img", "info", filepath.Join(dir, "web02.qcow2"))
	if !strings.Contains(info, "backing file: ..") || !strings.Contains(info, "backing file format: qcow2") {
		t.Error(info)
	}
}
