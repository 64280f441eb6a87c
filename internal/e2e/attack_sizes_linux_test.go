package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// sizeAttacks gives hives with very many keys, with keys below keys, and with values larger than any.
func sizeAttacks(t *testing.T, p programs) {
	for name, c := range map[string]struct {
		grow func(h *regf.Hive, n int) error
		n    int
	}{
		"subkeys of Setup":               {manyKeys("Setup"), long(200_000, 5_000)},
		"subkeys of our key":             {manyKeys(`Setup\OfflineJoin`), long(50_000, 1_000)},
		"subkeys of the root":            {manyKeys(""), long(50_000, 1_000)},
		"values of Setup":                {manyValues("Setup"), long(8_000, 1_000)},
		"values of our key":              {manyValues(`Setup\OfflineJoin`), long(8_000, 1_000)},
		"keys below keys below Setup":    {deepKeys, 500},
		"a value of Setup, in MiB":       {largeValue("Setup", "Large"), long(40, 6)},
		"the hook, in MiB":               {largeValue("Setup", "CmdLine"), long(40, 6)},
		"the recorded machine, in MiB":   {largeValue(`Setup\OfflineJoin`, "MachineName"), long(40, 6)},
		"the recorded hook, in MiB":      {largeValue(`Setup\OfflineJoin`, "PreviousCmdLineData"), long(40, 6)},
		"the recorded file, in MiB":      {largeValue(`Setup\OfflineJoin`, "AnswerFile"), long(40, 6)},
		"the time of shutdown, in MiB":   {largeValue(`ControlSet001\Control\Windows`, "ShutdownTime"), long(40, 6)},
		"the computer's name, in MiB":    {largeValue(`ControlSet001\Control\ComputerName\ComputerName`, "ComputerName"), long(40, 6)},
		"the architecture, in MiB":       {largeValue(`ControlSet001\Control\Session Manager\Environment`, "PROCESSOR_ARCHITECTURE"), long(40, 6)},
		"another tool's join, in MiB":    {largeValue(`Setup\DJOIN`, "Pending"), long(40, 6)},
		"the product's type, in MiB":     {largeValue(`ControlSet001\Control\ProductOptions`, "ProductType"), long(40, 6)},
		"the answer file's path, in MiB": {largeValue("Setup", "UnattendFile"), long(40, 6)},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAttacked(t, p)
			windows := sampleImage(t, filepath.Join(a.dir, "image"))
			h := openSystem(t, windows)
			if err := c.grow(h.Hive, c.n); err != nil {
				t.Skip(err)
			}
			h.save(t)
			size := fileSize(t, filepath.Join(configOf(windows), "SYSTEM"))
			if strings.Contains(name, "MiB") { // it is read, changed and written as a whole where it is in the way
				a.most += 8 * c.n << 10
			}
			var count tally
			var outcomes []int
			for _, args := range [][]string{
				{"inspect", "image", windows},
				{"stage", "--windows-path", windows, "--blob-file", a.blob},
				{"status", "--windows-path", windows},
				{"stage", "--windows-path", windows, "--blob-file", a.blob, "--on-existing", "replace"},
				{"unstage", "--windows-path", windows},
				{"hive", "check", filepath.Join(configOf(windows), "SYSTEM")},
			} {
				r := a.run(t, args...)
				count.add(r)
				outcomes = append(outcomes, r.code)
			}
			isWhole(t, windows)
			a.safe(t)
			seen(t, fmt.Sprintf("%d %s (SYSTEM of %.1f MiB)", c.n, name, float64(size)/(1<<20)),
				"bounded memory, no hang, the hive stays whole", fmt.Sprintf("%s; exit codes %v", &count, outcomes))
		})
	}
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Size()
}

func manyKeys(below string) func(h *regf.Hive, n int) error {
	return func(h *regf.Hive, n int) error {
		for i := range n {
			name := fmt.Sprintf("k%07d", i)
			if below != "" {
				name = below + `\` + name
			}
			if _, _, err := h.CreateKey(name, nil); err != nil {
				return err
			}
		}
		return nil
	}
}

func manyValues(of string) func(h *regf.Hive, n int) error {
	return func(h *regf.Hive, n int) error {
		k, _, err := h.CreateKey(of, nil)
		for i := range n {
			if err == nil {
				err = k.SetValue(fmt.Sprintf("v%07d", i), regf.DWORD, regf.DWORDData(uint32(i)))
			}
		}
		return err
	}
}

func deepKeys(h *regf.Hive, n int) error {
	name := "Setup"
	for range n {
		if _, _, err := h.CreateKey(name, nil); err != nil {
			return err
		}
		name += `\d`
	}
	return nil
}

func largeValue(of, value string) func(h *regf.Hive, n int) error {
	return func(h *regf.Hive, n int) error {
		k, _, err := h.CreateKey(of, nil)
		if err != nil {
			return err
		}
		data := make([]byte, n<<20)
		for i := range data {
			data[i] = byte(i&1^1) * 'A' // UTF-16 without an end
		}
		return k.SetValue(value, regf.SZ, data)
	}
}

// fullDiskAttacks stages into a file system with ever less room. The image stays in the old or in the new state, and with room
// again the next run does it.
func fullDiskAttacks(t *testing.T, p programs) {
	a := newAttacked(t, p)
	disk := filepath.Join(a.dir, "disk")
	must(t, os.Mkdir(disk, 0o755))
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=64m"); err != nil {
		testenv.Absent(t, "the right to mount a tmpfs")
	}
	defer func() { must(t, unix.Unmount(disk, unix.MNT_DETACH)) }()
	windows := sampleImage(t, disk)
	filler := filepath.Join(disk, "filler")
	stage := []string{"stage", "--windows-path", windows, "--blob-file", a.blob, "--lock-timeout", "0s"}
	unstage := []string{"unstage", "--windows-path", windows, "--lock-timeout", "0s"}
	var count tally
	step := long(150, 600)
	for room := 0; room <= 2400; room += step {
		for _, undo := range []bool{false, true} {
			if undo && a.run(t, stage...).code != 0 {
				t.Fatal("it is not staged for the way back")
			}
			fill(t, disk, filler, room<<10)
			args, full := stage, core.StateAbsent
			if undo {
				args, full = unstage, core.StateStaged
			}
			r := a.run(t, args...)
			count.add(r)
			isWhole(t, windows)
			if got := stateOf(t, p, windows); got != core.StateAbsent && got != core.StateStaged || r.code != 0 && !undo && got != full {
				t.Errorf("%d KiB: exit code %d, and the image is %s\n%s", room, r.code, got, r.errors)
			}
			must(t, os.Remove(filler))
			wellAfterwards(t, a, windows)
		}
	}
	a.safe(t)
	if count.good == 0 || count.good == count.runs {
		t.Errorf("the disk was never full, or always: %s", &count)
	}
	seen(t, fmt.Sprintf("stage and unstage with 0 to 2400 KiB of room, in steps of %d", step),
		"the old or the new state, never between; with room, it is done", &count)
}

// fill leaves so much room in a file system.
func fill(t *testing.T, dir, filler string, room int) {
	t.Helper()
	var fs unix.Statfs_t
	must(t, unix.Statfs(dir, &fs))
	n := int(fs.Bavail)*int(fs.Bsize) - room
	must(t, os.WriteFile(filler, make([]byte, max(n, 0)), 0o600))
	if room == 0 { // until nothing more goes in
		f, err := os.OpenFile(filler, os.O_WRONLY|os.O_APPEND, 0)
		must(t, err)
		for err == nil {
			_, err = f.Write(make([]byte, 4096))
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatal(err)
		}
		must(t, f.Close())
	}
}
