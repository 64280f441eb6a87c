package ntfs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// survey is what of a volume a test can work with.
type survey struct {
	model string   // a file with a security id or descriptor of its own
	dirs  []string // directories that take names
	plain []string // files whose content can be changed
}

func (s *survey) walk(t testing.TB, v *Volume, dir string, depth int) {
	t.Helper()
	entries, err := v.ReadDir(dir)
	if err != nil {
		if kindOf(err) == Reparse {
			return
		}
		t.Fatal(err)
	}
	if len(s.dirs) < 4 && !strings.HasPrefix(dir, "$") {
		s.dirs = append(s.dirs, dir)
	}
	for _, e := range entries {
		path := strings.TrimPrefix(dir+"/"+e.Name, "/")
		switch {
		case e.Directory && depth < 6:
			s.walk(t, v, path, depth+1)
		case !e.Directory:
			if _, err := v.SecurityDescriptor(path); err == nil && s.model == "" {
				s.model = path
			}
			s.plain = append(s.plain, path)
		}
	}
}

// touchable reports whether an error is a refusal that a real file may rightly meet.
func touchable(err error) bool {
	switch kindOf(err) {
	case Compressed, Encrypted, Reparse, Hole, Linked, System, Referenced, Fragmented:
		return false
	}
	return true
}

func TestRealVolumesCanBeChanged(t *testing.T) {
	t.Parallel()
	rows := expectedRows(t)
	for _, c := range corpus() {
		if !c.read || c.kind != 0 {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			if big := strings.Contains(c.image, "64g") || strings.Contains(c.image, "128g"); big && !long() {
				t.Skip("skipped: the checker takes a minute for this one (set OFFLINEJOIN_LONG=1)")
			}
			before := disk{diskOf(t, c.image), c.off}
			after := before.copyTo(t, filepath.Join(t.TempDir(), "copy.raw"))
			changed := changeReal(t, before, after)
			bare := after
			if c.off != 0 { // ntfscat reads no partitions
				bare = disk{path: filepath.Join(t.TempDir(), "volume.raw")}
				run(t, testenv.Tool(t, "qemu-img"), "convert", "-O", "raw", "--image-opts",
					fmt.Sprintf("driver=raw,offset=%d,file.driver=file,file.filename=%s", c.off, after.path), bare.path)
			}
			sleuth, ntfscat := 0, 0
			for _, row := range rows[c.image+"@"+strconv.FormatInt(c.off, 10)] {
				if path, _, _ := strings.Cut(row[2], ":"); !changed[path] {
					sleuth += sleuthKitReads(t, after, row)
					ntfscat += ntfscatReads(t, bare, row)
				}
			}
			t.Logf("icat reads %d other files as before, ntfscat %d", sleuth, ntfscat)
		})
	}
}

// sleuthKitReads has icat, which cannot read clusters of 2 MiB, read a file that was not changed. Streams are left out.
func sleuthKitReads(t *testing.T, d disk, row expectedRow) int {
	t.Helper()
	if strings.Contains(row[2], ":") || !strings.HasPrefix(row[6], "icat") {
		return 0
	}
	cmd := exec.Command(testenv.Tool(t, "icat"), "-f", "ntfs", "-o", strconv.FormatInt(d.off/512, 10), d.path, row[3])
	out, err := cmd.Output()
	if sum := sha256.Sum256(out); err != nil || hex.EncodeToString(sum[:]) != row[5] {
		t.Errorf("icat reads another %s: %d bytes, want %s, %v", row[2], len(out), row[4], err)
	}
	return 1
}

// ntfscatReads has ntfscat read a file or stream that was not changed, where the row says that it can.
func ntfscatReads(t *testing.T, d disk, row expectedRow) int {
	t.Helper()
	if !strings.Contains(row[6], "ntfscat") || strings.Contains(row[6], "by record only") {
		return 0
	}
	path, stream, _ := strings.Cut(row[2], ":")
	args := []string{"-f", d.path, path}
	if stream != "" {
		args = append([]string{"-n", stream}, args...)
	}
	out, err := exec.Command(testenv.Tool(t, "ntfscat"), args...).Output()
	if sum := sha256.Sum256(out); err != nil || hex.EncodeToString(sum[:]) != row[5] {
		t.Errorf("ntfscat reads another %s: %d bytes, want %s, %v", row[2], len(out), row[4], err)
	}
	return 1
}

// changeReal returns the paths that it changed.
func changeReal(t *testing.T, before, after disk) map[string]bool {
	t.Helper()
	v := before.open(t)
	var s survey
	s.walk(t, v, "", 0)
	if s.model == "" {
		s.model = "$Extend"
	}
	others := contents(t, v, "")
	changed := changeOwn(t, after, s, before)
	tried, done := changeTheirs(t, after, s, changed)
	judge(t, after, &before)
	for path := range changed {
		delete(others, path)
	}
	now := contents(t, after.open(t), "")
	maps.DeleteFunc(now, func(path, _ string) bool { return changed[path] })
	if !maps.Equal(others, now) {
		t.Errorf("other files have changed:\n%v\n%v", others, now)
	}
	t.Logf("%d directories, %d of %d files changed", len(s.dirs), done, tried)
	return changed
}

// changeOwn makes files and directories in several directories, grows, replaces, renames and removes them again. It returns
// what stays.
func changeOwn(t *testing.T, d disk, s survey, before disk) map[string]bool {
	t.Helper()
	changed := map[string]bool{}
	for _, stage := range []func(*testing.T, disk, func(string) string, string){makeOwn, growOwn, removeOwn} {
		for _, dir := range s.dirs {
			at := func(name string) string { return strings.TrimPrefix(dir+"/"+name, "/") }
			stage(t, d, at, s.model)
			changed[at("ojlog")] = true
		}
		judge(t, d, &before)
	}
	return changed
}

func makeOwn(t *testing.T, d disk, at func(string) string, model string) {
	t.Helper()
	d.edit(t, func(tx *Tx) error {
		return errors.Join(
			tx.Mkdir(at("ojtest"), CreateOptions{}),
			tx.Create(at("ojtest/small.xml"), pattern(300, 1), CreateOptions{Like: model}),
			tx.Create(at("ojtest/a longer name than DOS has.exe"), pattern(20_000, 2), CreateOptions{Like: model}),
			tx.Create(at("ojsecret.txt"), pattern(300, 3), CreateOptions{Like: model, Secret: true}),
			tx.Create(at("ojlog"), nil, CreateOptions{Like: model}),
		)
	})
}

func growOwn(t *testing.T, d disk, at func(string) string, _ string) {
	t.Helper()
	d.edit(t, func(tx *Tx) error {
		f, err := tx.Open(at("ojlog"))
		if err != nil {
			return err
		}
		if _, err := f.WriteAt(pattern(9000, 4), 0); err != nil {
			return err
		}
		tx.Barrier()
		if _, err := f.WriteAt(pattern(100, 5), 100); err != nil {
			return err
		}
		return errors.Join(
			f.Truncate(20_000),
			tx.Replace(at("ojtest/small.xml"), pattern(5000, 6), 0),
			tx.Replace(at("ojtest/a longer name than DOS has.exe"), pattern(100, 7), 0),
			tx.Rename(at("ojsecret.txt"), "ojsecret with another name.txt"),
		)
	})
	want := append(pattern(9000, 4), make([]byte, 11_000)...)
	copy(want[100:], pattern(100, 5))
	v := d.open(t)
	wantContent(t, v, at("ojlog"), want)
	wantContent(t, v, at("ojtest/small.xml"), pattern(5000, 6))
	wantContent(t, v, at("ojtest/a longer name than DOS has.exe"), pattern(100, 7))
	wantContent(t, v, at("ojsecret with another name.txt"), pattern(300, 3))
}

func removeOwn(t *testing.T, d disk, at func(string) string, _ string) {
	t.Helper()
	d.edit(t, func(tx *Tx) error {
		return errors.Join(
			tx.Remove(at("ojtest/small.xml"), RemoveOptions{}),
			tx.Remove(at("ojtest/a longer name than DOS has.exe"), RemoveOptions{}),
			tx.RemoveDir(at("ojtest")),
			tx.Remove(at("ojsecret with another name.txt"), RemoveOptions{Secret: true}),
		)
	})
}

// changeTheirs changes files that the volume had: the first by overwriting, the next by growing, then replacing, then removing.
func changeTheirs(t *testing.T, d disk, s survey, changed map[string]bool) (tried, done int) {
	t.Helper()
	for i, path := range s.plain {
		if i >= 40 {
			break
		}
		tx, err := d.open(t).Begin(Options{Now: testTime()})
		if err != nil {
			t.Fatal(err)
		}
		tried++
		if err := changeOne(tx, path, i); err != nil {
			if touchable(err) && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v", path, err)
			}
			continue
		}
		p, err := tx.Plan()
		if err != nil {
			t.Fatal(err)
		}
		d.carryOut(t, p, nil)
		changed[path] = true
		done++
	}
	return tried, done
}

func changeOne(tx *Tx, path string, i int) error {
	f, err := tx.Open(path)
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err != nil {
		return err
	}
	switch i % 4 {
	case 0:
		_, err = f.WriteAt(pattern(int(min(size, 5000)), 9), 0)
		return err
	case 1:
		if err := f.Truncate(size + 9*tx.cluster/4); err != nil {
			return err
		}
		_, err = f.WriteAt([]byte("end"), size+9*tx.cluster/4)
		return err
	case 2:
		return tx.Replace(path, pattern(3000, 10), OldSecret|NewSecret)
	}
	return tx.Remove(path, RemoveOptions{})
}

func TestReadsSeeEarlierChanges(t *testing.T) {
	t.Parallel()
	d := mkntfs(t, 32<<20, 4096, 512)
	d.edit(t, func(tx *Tx) error {
		return tx.Create("hive", pattern(20_000, 1), CreateOptions{Like: "$Extend"})
	})
	tx, err := d.open(t).Begin(Options{Now: testTime()})
	if err != nil {
		t.Fatal(err)
	}
	f, err := tx.Open("HIVE")
	if err != nil {
		t.Fatal(err)
	}
	want := pattern(20_000, 1)
	for i := range 50 {
		b := pattern(i*13, byte(i))
		want = append(want, make([]byte, max(i*777+len(b)-len(want), 0))...)
		copy(want[i*777:], b)
		if _, err := f.WriteAt(b, int64(i*777)); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<30))
		if err != nil || string(got) != string(want) {
			t.Fatal(fmt.Sprint(i, len(got), len(want), err))
		}
	}
}
