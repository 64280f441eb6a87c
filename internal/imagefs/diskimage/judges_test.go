package diskimage_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// long reports whether the tests that take minutes are wanted (make disk-long).
func long() bool { return os.Getenv("OFFLINEJOIN_LONG") == "1" }

// canMount reports whether ntfs-3g can mount here.
func canMount() bool {
	f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = exec.LookPath("ntfs-3g")
	return err == nil && os.Getuid() == 0
}

// judged is a raw disk before a join, with what others read of it.
type judged struct {
	noReplace    string // see behaviour
	disk, volume string
	off, size    int64
	files        map[string]string // by path: what a mount shows; nil where nothing can be mounted
	briefly      bool              // only the checkers of the lab are asked
}

// judgeBriefly is judgeBefore for the checkers of the lab alone.
func judgeBriefly(t *testing.T, image, format string, off, size int64) *judged {
	t.Helper()
	j := &judged{disk: rawOf(t, image, format), off: off, size: size, briefly: true}
	j.volume = cut(t, j.disk, off, size)
	return j
}

// judgeBefore looks at the disk of an image before it is changed. The volume begins at off.
func judgeBefore(t *testing.T, image, format string, off, size int64) *judged {
	t.Helper()
	j := &judged{disk: rawOf(t, image, format), off: off, size: size}
	j.volume = cut(t, j.disk, off, size)
	if canMount() {
		j.files = mounted(t, j.volume)
	}
	return j
}

// cut copies a range of a raw disk to a file of its own, keeping holes.
func cut(t testing.TB, disk string, off, size int64) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "volume.raw")
	comma := strings.ReplaceAll(disk, ",", ",,") // in the names of tests
	run(t, "qemu-img", "convert", "-O", "raw", "--image-opts",
		fmt.Sprintf("driver=raw,offset=%d,size=%d,file.driver=file,file.filename=%s", off, size, comma), to)
	return to
}

// mounted returns the digests of all files of a volume, as ntfs-3g shows them.
func mounted(t *testing.T, volume string) map[string]string {
	t.Helper()
	at := t.TempDir()
	run(t, "ntfs-3g", "-o", "ro,norecover", volume, at)
	defer testenv.Unmount(t, at)
	all := map[string]string{}
	must(t, filepath.WalkDir(at, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return err
		}
		all[strings.TrimPrefix(path, at+"/")] = fmt.Sprintf("%x", h.Sum(nil))
		return nil
	}))
	return all
}

// ofTheJoin reports whether a join may change a file.
func ofTheJoin(path string) bool {
	path = strings.ToLower(path)
	return strings.HasPrefix(path, "windows/system32/config/system") || path == "windows/system32/odjboot.exe" ||
		path == "windows/panther/unattend.xml"
}

// allowedSectors are whose sectors a join may change, in the words of secdiff.py.
const allowedSectors = "data:*/config/SYSTEM*,data:*/CONFIG/*,data:*/odjboot.exe,data:*/unattend.xml," +
	"mft:*,bitmap,mftbitmap,mftmirr,FREE,index:,index:*indows,index:WINDOWS,index:*/[Ss]*32,index:*/config,index:*/CONFIG,index:*/Panther,0x50:*/Panther,freed data:*"

// freeIsZero fails where a sector that is nobody's has changed to anything but zeros, by the owners that secdiff.py finds: what
// was in the clusters of a file that came and went is gone, and so is what they held before that.
const freeIsZero = `
import os, sys
path, before, after, off, size = sys.argv[1:4] + [int(n) for n in sys.argv[4:6]]
secdiff = {}
exec(open(path).read().removesuffix("main()\n"), secdiff)
f, g = open(before, "rb"), open(after, "rb")
owners = secdiff["owners"](g, off)
for at in range(0, size // 512 * 512, 1 << 20):
    n = min(1 << 20, size - at)
    a, b = os.pread(f.fileno(), n, off + at), os.pread(g.fileno(), n, off + at)
    for i in range(0, n, 512) if a != b else []:
        if a[i:i + 512] != b[i:i + 512] and any(b[i:i + 512]) and (at + i) // 512 not in owners:
            sys.exit(f"the free sector at {at + i} changed, and is not zero")
`

// TestFreeIsZeroCanFail: bytes in a place that is nobody's are found, and zeros there are not.
func TestFreeIsZeroCanFail(t *testing.T) {
	t.Parallel()
	disk := inMBR(t, volume(t, sample.Image{}))
	for name, c := range map[string]struct {
		text  byte
		found bool
	}{"something": {'x', true}, "zeros": {0, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var disks [2]string
			for i, text := range []byte{'o', c.text} { // before and after
				disks[i] = filepath.Join(t.TempDir(), "disk.raw")
				data, err := os.ReadFile(disk)
				must(t, err)
				const at = volumeStart + volumeSize - 1<<20 // far behind all that the volume has
				copy(data[at:], bytes.Repeat([]byte{text}, 512))
				must(t, os.WriteFile(disks[i], data, 0o600))
			}
			out, err := exec.Command(testenv.Tool(t, "python3"), "-c", freeIsZero, testenv.Shared(t, "lab/disk/secdiff.py"), disks[0], disks[1],
				strconv.Itoa(volumeStart), strconv.Itoa(volumeSize)).CombinedOutput()
			if found := strings.Contains(string(out), "changed, and is not zero"); found != c.found || (err != nil) != c.found {
				t.Errorf("found: %v; %v\n%s", found, err, out)
			}
		})
	}
}

// after has others look at the disk of an image after a change of the join. It returns the volume, cut out.
func (j *judged) after(t *testing.T, image, format string) string {
	t.Helper()
	disk := rawOf(t, image, format)
	vol := cut(t, disk, j.off, j.size)
	python := testenv.Tool(t, "python3")
	for _, args := range [][]string{
		{testenv.Shared(t, "lab/disk/nchk.py"), "-b", j.volume, vol},
		{
			testenv.Shared(t, "lab/disk/secdiff.py"), j.disk, disk, fmt.Sprint(j.off), fmt.Sprint(j.size), "--allow",
			allowedSectors,
		},
		{"-c", freeIsZero, testenv.Shared(t, "lab/disk/secdiff.py"), j.disk, disk, fmt.Sprint(j.off), fmt.Sprint(j.size)},
	} {
		if out, err := exec.Command(python, args...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", filepath.Base(args[0]), err, out)
		}
	}
	if j.briefly {
		return vol
	}
	if format == "qcow2" || format == "vhdx" {
		run(t, "qemu-img", "check", "-f", format, image)
	}
	run(t, "qemu-img", "map", "--output=json", "-f", format, image)
	run(t, "qemu-img", "compare", "-f", format, "-F", "raw", image, disk)
	run(t, "ntfsfix", "-n", vol)
	run(t, "ntfsresize", "-i", "-f", vol)
	if j.files == nil {
		t.Log("not mounted: it needs root, /dev/fuse and ntfs-3g")
		return vol
	}
	was, now := maps.Clone(j.files), mounted(t, vol)
	for _, m := range []map[string]string{was, now} {
		maps.DeleteFunc(m, func(path, _ string) bool { return ofTheJoin(path) })
	}
	if !maps.Equal(was, now) || len(was) == 0 {
		t.Errorf("other files changed: %v, now %v", was, now)
	}
	return vol
}

// readByOthers reads what was staged with ntfs-3g's ntfscat and with hivex.
func readByOthers(t *testing.T, vol string, method core.Method) {
	t.Helper()
	if method == core.MethodAnswerFile {
		out, err := exec.Command(testenv.Tool(t, "ntfscat"), vol, "Windows/Panther/unattend.xml").Output()
		if err != nil || !strings.Contains(string(out), "<AccountData>") {
			t.Errorf("ntfscat reads %d bytes of the answer file without the join (%v)", len(out), err)
		}
		return
	}
	program, err := exec.Command(testenv.Tool(t, "ntfscat"), vol, "Windows/System32/odjboot.exe").Output()
	hiveName := "Windows/System32/config/SYSTEM"
	if err != nil { // ntfscat minds the case
		program, err = exec.Command(testenv.Tool(t, "ntfscat"), vol, "WINDOWS/SYSTEM32/odjboot.exe").Output()
		hiveName = "WINDOWS/SYSTEM32/CONFIG/system"
	}
	must(t, err)
	hive, err := exec.Command(testenv.Tool(t, "ntfscat"), vol, hiveName).Output()
	must(t, err)
	file := filepath.Join(t.TempDir(), "SYSTEM")
	must(t, os.WriteFile(file, hive, 0o600))
	if got := strings.TrimSpace(run(t, "hivexget", file, `\Setup`, "CmdLine")); got != "odjboot.exe" {
		t.Errorf("CmdLine is %q", got)
	}
	sum := sha256.Sum256(program)
	if got := strings.TrimSpace(run(t, "hivexget", file, `\Setup\OfflineJoin`, "ProgramSHA256")); got != hex.EncodeToString(sum[:]) {
		t.Errorf("the program has the digest %x, and the record says %s", sum, got)
	}
}

// stageAndJudge stages a join, replaces it and takes it back, and has others judge each.
func (j *judged) stageAndJudge(t *testing.T, image, format string) {
	t.Helper()
	first, secret := blobFor(t, "WEB01", 1107)
	second, secret2 := blobFor(t, "WEB02", 1108)
	staged, err := core.Stage(t.Context(), core.Request{Image: at(image), Blob: first})
	must(t, err)
	expectState(t, image, core.StateStaged, "WEB01")
	readByOthers(t, j.after(t, image, format), staged.Method)
	_, err = core.Stage(t.Context(), core.Request{Image: at(image), Blob: second, OnExisting: core.OnExistingReplace})
	if j.noReplace != "" {
		if err == nil || !strings.Contains(err.Error(), j.noReplace) {
			t.Errorf("replaced: %v", err)
		}
		_, err = core.Unstage(t.Context(), core.UnstageRequest{Image: at(image)})
		must(t, err)
		_, err = core.Stage(t.Context(), core.Request{Image: at(image), Blob: second})
	}
	must(t, err)
	expectState(t, image, core.StateStaged, "WEB02")
	if long() {
		j.after(t, image, format)
	}
	_, err = core.Unstage(t.Context(), core.UnstageRequest{Image: at(image)})
	must(t, err)
	expectState(t, image, core.StateAbsent, "")
	absentFrom(t, image, secret, nil)
	absentFrom(t, image, secret2, nil)
	if long() {
		j.after(t, image, format)
	}
}

// TestJoinIsJudgedByOthers has qemu's, ntfs-3g's and the lab's programs judge every container with each method. The short run
// takes one of them.
func TestJoinIsJudgedByOthers(t *testing.T) {
	t.Parallel()
	for method, im := range methods() {
		raw := inMBR(t, volume(t, im))
		for _, kind := range kinds {
			name := string(method) + "/" + kind.name
			if !long() && name != "answer_file/vhdx" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				image := convert(t, raw, kind.format, kind.args)
				format := qemuFormat(kind.format)
				judgeBefore(t, image, format, volumeStart, volumeSize).stageAndJudge(t, image, format)
			})
		}
	}
}

func digestOf(data []byte) string { return fmt.Sprintf(" %x", sha256.Sum256(data)) }
