package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

const huge = 1 << 40

// things are what may stand where a file is expected, or nothing yet. A path that ends in one is made by what it is given.
func things(a *attacked) map[string]func(at string) error {
	device := func(minor uint32) func(string) error {
		return func(at string) error { return unix.Mknod(at, unix.S_IFCHR|0o666, int(unix.Mkdev(1, minor))) }
	}
	return map[string]func(at string) error{
		"a link to a file":   func(at string) error { return os.Symlink(filepath.Join(a.victim, "file"), at) },
		"a dangling link":    func(at string) error { return os.Symlink(filepath.Join(a.victim, "new"), at) },
		"a link to a folder": func(at string) error { return os.Symlink(a.victim, at) },
		"a link to itself":   func(at string) error { return os.Symlink(at, at) },
		"a link to /dev/zero": func(at string) error {
			return os.Symlink("/dev/zero", at)
		},
		"a second name of a file": func(at string) error { return os.Link(filepath.Join(a.victim, "file"), at) },
		"a pipe":                  func(at string) error { return unix.Mkfifo(at, 0o666) },
		"a socket":                func(at string) error { return unix.Mknod(at, unix.S_IFSOCK|0o666, 0) },
		"/dev/zero":               device(5),
		"/dev/full":               device(7),
		"a folder":                func(at string) error { return os.Mkdir(at, 0o755) },
		"a full folder": func(at string) error {
			return errors.Join(os.Mkdir(at, 0o755), os.WriteFile(filepath.Join(at, "x"), []byte("x"), 0o600))
		},
		"an empty file": func(at string) error { return os.WriteFile(at, nil, 0o600) },
		"a huge file": func(at string) error {
			return errors.Join(os.WriteFile(at, nil, 0o600), os.Truncate(at, huge))
		},
		"one long line": func(at string) error {
			return os.WriteFile(at, []byte(strings.Repeat("\x1b[31m{\"v\":", 200_000)), 0o600)
		},
	}
}

// thingAttacks puts every such thing in the place of every file that a run reads or writes, in the image and beside it.
func thingAttacks(t *testing.T, p programs) {
	t.Run("in the image", func(t *testing.T) { thingsInImages(t, p) })
	t.Run("beside it", func(t *testing.T) { thingsBeside(t, p) })
	t.Run("working directories", func(t *testing.T) { workingDirectories(t, p) })
}

// thingsInImages tries names of an image, each with its parts in place, for the method that it matters to.
func thingsInImages(t *testing.T, p programs) {
	a := newAttacked(t, p)
	const generalized = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
	names := map[string]string{ // and the state of the image
		"Windows": "", "Windows/System32": "", "Windows/System32/config": "",
		"Windows/System32/config/SYSTEM": "", "Windows/System32/config/SYSTEM.LOG1": "", "Windows/System32/config/SYSTEM.LOG2": "",
		"Windows/System32/config/SYSTEM.LOG":    "",
		"Windows/System32/config/SOFTWARE":      "",
		"Windows/System32/config/SECURITY":      "",
		"Windows/System32/config/SAM":           "",
		"Windows/System32/odjboot.exe":          "",
		"Windows/System32/odjboot.tmp":          "",
		"Windows/System32/ntoskrnl.exe":         "",
		"Windows/debug":                         "",
		"Windows/debug/NetSetup.log":            "",
		"Windows/debug/offlinejoin.log":         "",
		"hiberfil.sys":                          "",
		"Windows/Panther":                       generalized,
		"Windows/Panther/unattend.xml":          generalized,
		"Windows/Panther/Unattend":              generalized,
		"Windows/Panther/odjxml.tmp":            generalized,
		"Windows/System32/Sysprep":              generalized,
		"Windows/System32/Sysprep/unattend.xml": generalized,
		"unattend.xml":                          generalized,
	}
	kinds := things(a)
	var count tally
	tried := 0
	for i, name := range slices.Sorted(maps.Keys(names)) {
		for k, kind := range slices.Sorted(maps.Keys(kinds)) {
			if (i+k)%long(1, 5) != 0 {
				continue
			}
			image := filepath.Join(a.dir, fmt.Sprintf("image%d-%d", i, k))
			windows, err := sample.WriteTree(image, sample.Image{ImageState: names[name]})
			must(t, err)
			at := filepath.Join(image, filepath.FromSlash(name))
			must(t, os.RemoveAll(at))
			must(t, os.MkdirAll(filepath.Dir(at), 0o755))
			if err := kinds[kind](at); err != nil {
				t.Logf("%s as %s: %v", name, kind, err)
				continue
			}
			tried++
			before := namesBelow(t, image)
			stage := []string{"stage", "--windows-path", windows, "--blob-file", a.blob, "--lock-timeout", "0s"}
			staged := a.run(t, stage...)
			count.add(staged)
			if now := namesBelow(t, image); staged.code != 0 && !slices.Equal(before, now) {
				t.Errorf("%s as %s: staging is refused, and leaves %q, where %q was", name, kind, now, before)
			}
			for _, args := range [][]string{
				{"status", "--logs", "--windows-path", windows},
				{"inspect", "image", windows},
				{"hive", "check", filepath.Join(configOf(windows), "SYSTEM")},
				{"unstage", "--windows-path", windows, "--lock-timeout", "0s"},
			} {
				count.add(a.run(t, args...))
			}
			if t.Failed() {
				t.Fatalf("%s as %s", name, kind)
			}
			must(t, os.RemoveAll(image))
		}
	}
	a.safe(t)
	seen(t, "things in place of files of the image", "no hang, bounded memory, a sentence; nothing outside touched; a refused stage leaves no file",
		fmt.Sprintf("%d things of %d names and %d kinds; %s; victim as it was", tried, len(names), len(kinds), &count))
}

// namesBelow lists a tree without reading it.
func namesBelow(t *testing.T, root string) []string {
	t.Helper()
	var names []string
	must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			names = append(names, d.Type().String()+" "+strings.TrimPrefix(path, root))
		}
		return err
	}))
	return names
}

// thingsBeside tries the files that options name.
func thingsBeside(t *testing.T, p programs) {
	a := newAttacked(t, p)
	golden := sampletest.Volume(t, sample.Image{})
	disk := filepath.Join(a.dir, "golden.raw")
	must(t, os.Rename(golden, disk))
	windows := sampleImage(t, filepath.Join(a.dir, "image"))
	sealed := sampletest.SealedBlob(t)
	at := filepath.Join(a.dir, "thing")
	join := filepath.Join(a.dir, "x.join.hcl")
	must(t, os.WriteFile(join, fmt.Appendf(nil, "variable \"v\" {\n  default = \"\"\n}\njoin \"a\" {\n  windows_path = %q\n  blob_file = %q\n}\n",
		windows, a.blob), 0o600))
	onImage := []string{"stage", "--windows-path", windows, "--blob-file", a.blob, "--lock-timeout", "0s"}
	onDisk := []string{"stage", "--image-path", disk, "--blob-file", a.blob, "--lock-timeout", "0s"}
	with := func(line []string, more ...string) []string { return append(slices.Clone(line), more...) }
	words := map[string][]string{
		"blob_file":                      {"stage", "--windows-path", windows, "--blob-file", at},
		"blob_file, looked at":           {"inspect", "blob", at},
		"identity_file":                  {"stage", "--windows-path", windows, "--blob-file", sealed.File, "--identity-file", at},
		"completion_program":             with(onImage, "--completion-program", at),
		"ledger_file":                    with(onImage, "--ledger-file", at),
		"ledger_file, listed":            {"ledger", "list", "--ledger-file", at},
		"ledger_file in a thing":         with(onImage, "--ledger-file", filepath.Join(at, "ledger")),
		"report_file":                    with(onImage, "--report-file", at),
		"report_file in a thing":         with(onImage, "--report-file", filepath.Join(at, "report")),
		"backup":                         with(onImage, "--backup", at),
		"windows_path":                   {"stage", "--windows-path", at, "--blob-file", a.blob},
		"windows_path in a thing":        {"stage", "--windows-path", filepath.Join(at, "Windows"), "--blob-file", a.blob},
		"image_path":                     {"stage", "--image-path", at, "--blob-file", a.blob},
		"image_path, looked at":          {"status", "--image-path", at},
		"image_path of a new disk":       {"stage", "--image-path", at, "--copy-path", at + ".new", "--blob-file", a.blob},
		"copy_path":                      with(onDisk, "--copy-path", at),
		"overlay_path":                   with(onDisk, "--overlay-path", at),
		"the journal of a disk":          onDisk,
		"a hive":                         {"hive", "dump", at},
		"a hive, checked":                {"hive", "check", at},
		"a join file":                    {"plan", at},
		"a report of joins":              {"plan", join, "--report", at + ".json"},
		"variables":                      {"plan", join, "--var-file", at},
		"recipients":                     {"blob", "encrypt", a.blob, "--recipients-file", at},
		"a file that is decrypted":       {"blob", "decrypt", at, "--output", at + ".plain", "--identity-file", sealed.IdentityFile},
		"the place of what is decrypted": {"blob", "decrypt", sealed.File, "--output", at, "--identity-file", sealed.IdentityFile},
		"the folder of the demo":         {"demo", "--sample", at},
	}
	kinds := things(a)
	// A user may name a folder by a link to it, and then means that folder: it is one of the user's own.
	own := filepath.Join(a.dir, "own")
	kinds["a link to a folder"] = func(at string) error {
		return errors.Join(os.RemoveAll(own), os.MkdirAll(filepath.Dir(sampleImage(t, own)), 0o755), os.Symlink(own, at))
	}
	var count tally
	tried := 0
	for i, word := range slices.Sorted(maps.Keys(words)) {
		for k, kind := range slices.Sorted(maps.Keys(kinds)) {
			if (i+k)%long(1, 5) != 0 {
				continue
			}
			place := at
			switch word {
			case "a report of joins":
				place = at + ".json"
			case "the journal of a disk":
				place = disk + ".odjundo"
			}
			if err := kinds[kind](place); err != nil {
				t.Logf("%s as %s: %v", word, kind, err)
				continue
			}
			tried++
			count.add(a.run(t, words[word]...))
			a.run(t, "unstage", "--windows-path", windows)
			a.run(t, "unstage", "--image-path", disk)
			if t.Failed() {
				t.Fatalf("%s as %s", word, kind)
			}
			for _, made := range []string{place, at, at + ".new", at + ".plain", at + ".json"} {
				must(t, os.RemoveAll(made))
			}
		}
	}
	a.safe(t)
	seen(t, "things in place of the files that options name", "no hang, bounded memory, a sentence; nothing of others touched",
		fmt.Sprintf("%d things of %d words and %d kinds; %s; victim as it was", tried, len(words), len(kinds), &count))
}

// workingDirectories runs from folders that are odd: one that is gone, one without rights, one whose name acts on a terminal,
// and with settings of the environment that lead nowhere.
func workingDirectories(t *testing.T, p programs) {
	a := newAttacked(t, p)
	windows := sampleImage(t, filepath.Join(a.dir, "image"))
	odd := filepath.Join(a.dir, "odd\x1b]0;owned\x07")
	must(t, os.Mkdir(odd, 0o755))
	var count tally
	for name, c := range map[string]struct {
		script string
		env    []string
		good   bool
	}{
		"gone, absolute paths": {`mkdir gone; cd gone; rmdir ../gone; exec "$@"`, nil, true},
		"a name that acts":     {`cd odd*; exec "$@"`, nil, true},
		"no environment":       {`exec env -i "$@"`, nil, true},
		"no temporary folder":  {`exec "$@"`, []string{"TMPDIR=/nowhere/at/all", "HOME=", "XDG_CACHE_HOME="}, true},
		"a home that is the victim": {`exec "$@"`, []string{
			"HOME=" + a.victim + "/file", "XDG_CACHE_HOME=" + a.victim + "/file", "TMPDIR=" + a.victim + "/file",
		}, true},
		"no open files to spare": {`ulimit -n 12; exec "$@"`, nil, false},
		"no room to write":       {`ulimit -f 100; trap "" XFSZ; exec "$@"`, nil, false},
	} {
		line := []string{p.command(), "stage", "--windows-path", windows, "--blob-file", a.blob}
		cmd := exec.Command("sh", append([]string{"-c", c.script, "sh"}, line...)...)
		cmd.Env = append(os.Environ(), c.env...)
		r := a.runCommand(t, cmd)
		count.add(r)
		if c.good && r.code != 0 {
			t.Errorf("%s: %s", name, r.errors)
		}
		isWhole(t, windows)
		cmd = exec.Command("sh", "-c", c.script, "sh", p.command(), "status", "--windows-path", "image/Windows")
		cmd.Env = append(os.Environ(), c.env...)
		count.add(a.runCommand(t, cmd)) // a relative path: it may lead nowhere
		wellAfterwards(t, a, windows)
	}
	a.safe(t)
	seen(t, "working directories and environments", "absolute paths work from everywhere; else a sentence; the image stays whole",
		&count)
}
