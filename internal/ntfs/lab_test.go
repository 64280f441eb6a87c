package ntfs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

const (
	hivePath    = "Windows/System32/config/SYSTEM"
	samPath     = "Windows/System32/config/SAM"
	programPath = "Windows/System32/odjboot.exe"
)

// windowsVolume makes a volume with the lab's maker: a tree with thousands of names, made by ntfs-3g.
func windowsVolume(t *testing.T, looks, size string, cluster, sector int) disk {
	t.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil {
		testenv.Absent(t, "no FUSE here")
	}
	tree := filepath.Join(t.TempDir(), "tree")
	config := filepath.Join(tree, "Windows", "System32", "config")
	if err := os.MkdirAll(config, 0o700); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"SYSTEM", "SAM", "SECURITY", "SYSTEM.LOG1"} {
		if err := os.WriteFile(filepath.Join(config, name), pattern(256<<10, byte(i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "v.img")
	cmd := exec.Command(testenv.Shared(t, "lab/disk/mkvol.sh"), path, size, tree, fmt.Sprint(cluster), fmt.Sprint(sector), "2048")
	cmd.Env = append(os.Environ(), "LOOKS="+looks, "FILL=600")
	if out, err := cmd.CombinedOutput(); err != nil {
		testenv.Absent(t, fmt.Sprintf("mkvol.sh cannot make a volume here: %v\n%s", err, out))
	}
	return disk{path: path}
}

func TestWindowsTreesOfAllShapes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		looks, size     string
		cluster, sector int
	}{
		{"", "120M", 512, 512},
		{"", "120M", 4096, 512},
		{"", "200M", 65536, 512},
		{"", "120M", 4096, 4096},
		{"frag", "120M", 4096, 512},
		{"frag-mft", "120M", 4096, 512},
	} {
		t.Run(fmt.Sprintf("%s %d %d", c.looks, c.cluster, c.sector), func(t *testing.T) {
			t.Parallel()
			if c.looks != "" && !long() {
				t.Skip("skipped: making a fragmented volume takes a minute (set OFFLINEJOIN_LONG=1)")
			}
			before := windowsVolume(t, c.looks, c.size, c.cluster, c.sector)
			judge(t, before, &before)
			after := before.copyTo(t, filepath.Join(t.TempDir(), "copy.img"))
			joinLike(t, before, after)
		})
	}
}

// joinLike changes what a join changes: the program, an answer file in a new directory, a hive that grows, its log.
func joinLike(t *testing.T, before, after disk) {
	t.Helper()
	others := contents(t, before.open(t), "")
	program, secret := noise(1_900_000, 5), noise(2000, 8)
	p := after.plan(t, func(tx *Tx) error {
		if err := tx.Create(programPath, program, CreateOptions{Like: samPath}); err != nil {
			return err
		}
		hive, err := tx.Open(hivePath)
		if err != nil {
			return err
		}
		hive.SetSecrecy(NewSecret)
		if _, err := hive.WriteAt(pattern(4096, 6), 8192); err != nil {
			return err
		}
		tx.Barrier()
		if _, err := hive.WriteAt(pattern(512, 7), 0); err != nil {
			return err
		}
		return errors.Join(
			hive.Truncate(512<<10),
			tx.Mkdir("Windows/Setup/Scripts", CreateOptions{}),
			tx.Create("Windows/Setup/Scripts/SetupComplete.cmd", []byte("rem"), CreateOptions{Like: samPath}),
			tx.Create("Windows/Panther/unattend.xml", secret, CreateOptions{Like: samPath, Secret: true}),
			tx.Replace(hivePath+".LOG1", pattern(300_000, 9), OldSecret|NewSecret),
		)
	})
	after.carryOut(t, p, nil)
	t.Logf("%d fills, %d groups", len(p.Fills), len(p.Groups))
	judge(t, after, &before)
	foreignReaders(t, after, program)
	v := after.open(t)
	same, err := v.SecurityDescriptor(programPath)
	want, wantErr := v.SecurityDescriptor(samPath)
	if err != nil || wantErr != nil || string(same) != string(want) {
		t.Errorf("security of the program: %x, want %x (%v, %v)", same, want, err, wantErr)
	}
	now := contents(t, v, "")
	maps.DeleteFunc(now, func(path, _ string) bool {
		return path == programPath || strings.HasPrefix(path, hivePath) || strings.HasSuffix(path, "SetupComplete.cmd") ||
			strings.HasSuffix(path, "unattend.xml")
	})
	maps.DeleteFunc(others, func(path, _ string) bool { return strings.HasPrefix(path, hivePath) })
	if !maps.Equal(now, others) {
		t.Error("other files have changed")
	}
	after.edit(t, func(tx *Tx) error {
		return errors.Join(
			tx.Remove(programPath, RemoveOptions{}),
			tx.Remove("Windows/Panther/unattend.xml", RemoveOptions{Secret: true}),
			tx.Remove("Windows/Setup/Scripts/SetupComplete.cmd", RemoveOptions{}),
			tx.RemoveDir("Windows/Setup/Scripts"),
		)
	})
	judge(t, after, &before)
	for _, gone := range [][]byte{secret, program} {
		if onVolume(t, after, gone[:64]) {
			t.Error("what was removed is still on the volume")
		}
	}
}

// onVolume reports whether bytes stand anywhere on the volume.
func onVolume(t *testing.T, d disk, b []byte) bool {
	t.Helper()
	all, err := os.ReadFile(d.path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(all), string(b))
}

// foreignReaders has the tools of others look at a volume.
func foreignReaders(t *testing.T, d disk, program []byte) {
	t.Helper()
	run(t, testenv.Tool(t, "ntfsfix"), "-n", d.path)
	run(t, testenv.Tool(t, "ntfsresize"), "-i", "-f", d.path)
	out, err := exec.Command(testenv.Tool(t, "ntfscat"), d.path, programPath).Output()
	sum, want := sha256.Sum256(out), sha256.Sum256(program)
	if err != nil || sum != want {
		t.Errorf("ntfscat: %d bytes %s, %v", len(out), hex.EncodeToString(sum[:]), err)
	}
}

// TestOthersGoOnWithTheVolume has ntfs-3g write to a volume that was changed here, in the same directories, and changes it
// again afterwards.
func TestOthersGoOnWithTheVolume(t *testing.T) {
	t.Parallel()
	d := windowsVolume(t, "", "120M", 4096, 512)
	like := CreateOptions{Like: samPath}
	make40 := func(round int) func(tx *Tx) error {
		return func(tx *Tx) error {
			var err error
			for i := range 40 {
				path := fmt.Sprintf("Windows/System32/%d a long name %02d.dll", round, i)
				err = errors.Join(err, tx.Create(path, pattern(i*100, 1), like))
			}
			return errors.Join(err, tx.Create(fmt.Sprintf("Windows/System32/odj%d.exe", round), pattern(300_000, 2), like),
				tx.Mkdir(fmt.Sprintf("Windows/System32/new%d", round), like))
		}
	}
	d.edit(t, make40(1))
	script := filepath.Join(t.TempDir(), "others.sh")
	if err := os.WriteFile(script, []byte(`set -e
M=$(mktemp -d); ntfs-3g -o permissions,norecover "$1" "$M"; trap 'umount "$M" 2>/dev/null || true; rmdir "$M"' EXIT
S=$M/Windows/System32
for i in $(seq 200); do echo $i >"$S/theirs $i.txt"; done
for i in $(seq 1 2 200); do rm "$S/theirs $i.txt"; done
for i in 00 07 39; do rm "$S/1 a long name $i.dll"; done
echo more >>"$S/1 a long name 05.dll"; echo inside >"$S/new1/file"; rm "$S/odj1.exe"; umount "$M"
`), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, testenv.Tool(t, "bash"), script, d.path)
	base := d.copyTo(t, filepath.Join(t.TempDir(), "base.img"))
	judge(t, base, &base)
	d.edit(t, make40(2))
	d.edit(t, func(tx *Tx) error {
		var err error
		for i := 2; i <= 200; i += 2 {
			err = errors.Join(err, tx.Remove(fmt.Sprintf("Windows/System32/theirs %d.txt", i), RemoveOptions{}))
		}
		return errors.Join(err, tx.Replace("Windows/System32/1 a long name 05.dll", pattern(9000, 3), 0),
			tx.Remove("Windows/System32/new1/file", RemoveOptions{}), tx.RemoveDir("Windows/System32/new1"))
	})
	judge(t, d, &base)
	run(t, testenv.Tool(t, "ntfsfix"), "-n", d.path)
	run(t, testenv.Tool(t, "ntfsresize"), "-i", "-f", d.path)
	wantContent(t, d.open(t), "Windows/System32/1 a long name 05.dll", pattern(9000, 3))
}

func TestSpoiledVolumesAreRefused(t *testing.T) {
	t.Parallel()
	good := windowsVolume(t, "", "120M", 4096, 512)
	overwrite := func(tx *Tx) error {
		f, err := tx.Open(hivePath)
		if err != nil {
			return err
		}
		_, err = f.WriteAt([]byte("regf"), 4096)
		return err
	}
	for _, c := range []struct {
		spoil      string
		open, file Kind // what the volume, and the hive, is refused for
	}{
		{"dirty", Dirty, 0},
		{"unclean", LogPending, 0},
		{"log-garbage", LogDamaged, 0},
		{"log-empty", 0, 0},
		{"bitlocker", BitLocker, 0},
		{"bitlocker-togo", BitLocker, 0},
		{"refs", ReFS, 0},
		{"ntfs12", Version, 0},
		{"volflag", Flagged, 0},
		{"mirror", Damaged, 0},
		{"torn-mft0", Damaged, 0},
		{"torn-system", 0, Damaged},
		{"compressed", 0, Compressed},
		{"encrypted", 0, Encrypted},
		{"wof", 0, Reparse},
		{"sparse-flag", 0, 0},
		{"vdl", 0, 0},
		{"run-beyond", 0, Damaged},
		{"vss", 0, 0},
		{"look hardlink", 0, Linked},
		{"look hiber", Hibernated, 0},
		{"look hiberzero", 0, 0},
		{"look upper", 0, 0},
	} {
		t.Run(c.spoil, func(t *testing.T) {
			t.Parallel()
			d := good.copyTo(t, filepath.Join(t.TempDir(), "v.img"))
			if look, ok := strings.CutPrefix(c.spoil, "look "); ok {
				run(t, testenv.Shared(t, "lab/disk/looks.sh"), d.path, look)
			} else {
				run(t, testenv.Tool(t, "python3"), testenv.Shared(t, "lab/disk/spoil.py"), d.path, c.spoil)
			}
			v, err := openDisk(t, d.path, 0)
			if err == nil {
				err = v.Writable()
			}
			if kindOf(err) != c.open || c.open == 0 && err != nil {
				t.Fatalf("volume: %v", err)
			}
			if err != nil {
				t.Log(err)
				return
			}
			if v.HasSnapshots() != (c.spoil == "vss") {
				t.Error("HasSnapshots", v.HasSnapshots())
			}
			tx, err := v.Begin(Options{Now: testTime()})
			if err != nil {
				t.Fatal(err)
			}
			if err = overwrite(tx); kindOf(err) != c.file || c.file == 0 && err != nil {
				t.Errorf("hive: %v", err)
			}
			if err != nil {
				t.Log(err)
			}
		})
	}
}

// TestSparseHive overwrites what of a sparse file is there and refuses the holes.
func TestSparseHive(t *testing.T) {
	t.Parallel()
	d := windowsVolume(t, "", "120M", 4096, 512)
	run(t, testenv.Shared(t, "lab/disk/looks.sh"), d.path, "sparse")
	tx, err := d.open(t).Begin(Options{Now: testTime()})
	if err != nil {
		t.Fatal(err)
	}
	f, err := tx.Open(hivePath)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("regf"), 0); err != nil {
		t.Error(err)
	}
	got := make([]byte, 4)
	if _, err := f.ReadAt(got, 0); err != nil && err != io.EOF || string(got) != "regf" {
		t.Errorf("%q, %v", got, err)
	}
}
