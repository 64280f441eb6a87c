package ntfs

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// leaks are what may be found at the end of a group: clusters and sound records that are marked and not used, and files
// without a name. Copies in directories may be out of date, as Windows leaves them, too. Whatever else the checker finds there is a broken volume.
func leaks() *regexp.Regexp {
	return regexp.MustCompile(`^(cluster \d+ bitmap 1 owned 0|\d+ bitmap set, not in use|` +
		`\d+ names [12] in directories 0|\d+ (sizes|times|attributes) of .*)$`)
}

// onlyLeaks returns what the checker found beside leaks.
func onlyLeaks(out string) (bad []string) {
	for _, line := range strings.Split(out, "\n")[1:] {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "note:") && !leaks().MatchString(line) {
			bad = append(bad, line)
		}
	}
	return bad
}

// state is what a path holds: a digest, "" when it is not there.
func state(t *testing.T, v *Volume, path string) string {
	t.Helper()
	f, err := v.Open(path)
	if isNotExist(err) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	_, sum := digest(t, f)
	return sum
}

// TestEachGroupLeavesASoundVolume writes plans group after group, as a crash without a journal would leave them, and has each
// state judged: at most leaks, and each file as it was or as it will be.
func TestEachGroupLeavesASoundVolume(t *testing.T) {
	t.Parallel()
	for _, cluster := range []int{512, 4096} {
		t.Run(fmt.Sprint("cluster ", cluster), func(t *testing.T) {
			t.Parallel()
			d := mkntfs(t, 48<<20, cluster, 512)
			d.edit(t, func(tx *Tx) error { return populate(tx) })
			judge(t, d, nil)
			crashThrough(t, d, nil, crashScenario())
		})
	}
}

func populate(tx *Tx) error {
	if err := tx.Mkdir("Windows", CreateOptions{}); err != nil {
		return err
	}
	for i := range 200 {
		path := fmt.Sprintf("Windows/%03d with a name.dll", i)
		if err := tx.Create(path, pattern(i*50, byte(i)), CreateOptions{Like: "$Extend"}); err != nil {
			return err
		}
	}
	return nil
}

// change is one step of a scenario, and the file whose content it may change at one blow only.
type change struct {
	path string
	do   func(tx *Tx) error
}

func crashScenario() []change {
	like := CreateOptions{Like: "$Extend"}
	grow := func(tx *Tx, path string, size int64) error {
		f, err := tx.Open(path)
		if err != nil {
			return err
		}
		return f.Truncate(size)
	}
	all := []change{
		{"Windows/odjboot.exe", func(tx *Tx) error { return tx.Create("Windows/odjboot.exe", pattern(200_000, 1), like) }},
		{"Windows/100 with a name.dll", func(tx *Tx) error {
			return tx.Replace("Windows/100 with a name.dll", pattern(60_000, 2), 0)
		}},
		{"Windows/Setup/Scripts/new.cmd", func(tx *Tx) error {
			for _, dir := range []string{"Windows/Setup", "Windows/Setup/Scripts"} {
				if err := tx.Mkdir(dir, like); err != nil {
					return err
				}
			}
			return tx.Create("Windows/Setup/Scripts/new.cmd", pattern(100, 3), like)
		}},
		{"Windows/150 with a name.dll", func(tx *Tx) error { return grow(tx, "Windows/150 with a name.dll", 40_000) }},
		{"", func(tx *Tx) error { tx.Barrier(); return nil }},
		{"Windows/051 with a name.dll", func(tx *Tx) error {
			return tx.Remove("Windows/051 with a name.dll", RemoveOptions{})
		}},
		{"Windows/120 with a name.dll", func(tx *Tx) error { return grow(tx, "Windows/120 with a name.dll", 100) }},
		{"Windows/130 with a name.dll", func(tx *Tx) error {
			return tx.Rename("Windows/130 with a name.dll", "another name.dll")
		}},
		{"Windows/another name.dll", func(*Tx) error { return nil }},
	}
	for i := range 60 { // splits index blocks and makes $MFT grow
		path := fmt.Sprintf("Windows/%03d.txt", i*7%60)
		all = append(all, change{path, func(tx *Tx) error { return tx.Create(path, pattern(10, byte(i)), like) }})
	}
	for i := range 40 { // empties some
		path := fmt.Sprintf("Windows/%03d with a name.dll", i)
		all = append(all, change{path, func(tx *Tx) error { return tx.Remove(path, RemoveOptions{}) }})
	}
	return all
}

// crashThrough carries a scenario out. With before, only what the checker finds new counts.
func crashThrough(t *testing.T, d disk, before *disk, scenario []change) {
	t.Helper()
	p := d.plan(t, func(tx *Tx) error {
		for _, c := range scenario {
			if err := c.do(tx); err != nil {
				return err
			}
		}
		return nil
	})
	v := d.open(t)
	seen := make([]map[string]bool, len(scenario))
	for i, c := range scenario {
		seen[i] = map[string]bool{}
		if c.path != "" {
			seen[i][state(t, v, c.path)] = true
		}
	}
	groups := 0
	d.carryOut(t, p, func(g Group) {
		groups++
		if out, err := findings(t, d, before); err != nil {
			if bad := onlyLeaks(out); len(bad) > 0 {
				t.Errorf("after group %d (stage %d): %v", groups, g.Stage, bad)
			}
		}
		v := d.open(t)
		if err := v.Writable(); err != nil {
			t.Errorf("after group %d (stage %d): %v", groups, g.Stage, err)
		}
		for i, c := range scenario {
			if c.path != "" {
				seen[i][state(t, v, c.path)] = true
			}
		}
	})
	judge(t, d, before)
	for i, c := range scenario {
		if c.path != "" && len(seen[i]) != 2 {
			t.Errorf("%s had %d states: %v", c.path, len(seen[i]), seen[i])
		}
	}
	t.Logf("%d groups", groups)
}

func TestEachGroupLeavesARealVolumeSound(t *testing.T) {
	t.Parallel()
	for _, c := range corpus() {
		switch c.image {
		case "win-index.raw.gz", "winxp-dftt7.raw.gz", "win-8m-partition.raw.gz", "win7-vss.v2-compressed.qcow2.gz":
		default:
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			before := disk{diskOf(t, c.image), c.off}
			var s survey
			s.walk(t, before.open(t), "", 0)
			if s.model == "" {
				s.model = "$Extend"
			}
			like := CreateOptions{Like: s.model}
			d := before.copyTo(t, filepath.Join(t.TempDir(), "copy.raw"))
			d.edit(t, func(tx *Tx) error {
				return errors.Join(tx.Mkdir("old", like), tx.Create("old/gone.txt", pattern(9000, 1), like),
					tx.Create("old/kept.txt", pattern(9000, 2), like), tx.Create("old/over.txt", pattern(9000, 8), like))
			})
			scenario := []change{
				{"program.exe", func(tx *Tx) error { return tx.Create("program.exe", pattern(20_000, 3), like) }},
				{"new/sub/file.cmd", func(tx *Tx) error {
					return errors.Join(tx.Mkdir("new", like), tx.Mkdir("new/sub", like),
						tx.Create("new/sub/file.cmd", pattern(50, 4), like))
				}},
				{"old/kept.txt", func(tx *Tx) error { return tx.Replace("old/kept.txt", pattern(100, 5), 0) }},
				{"", func(tx *Tx) error { tx.Barrier(); return nil }},
				{"old/over.txt", func(tx *Tx) error {
					return errors.Join(tx.Create("old/temporary", pattern(3000, 7), like),
						tx.RenameOver("old/temporary", "over.txt", RemoveOptions{Secret: true}))
				}},
				{"old/gone.txt", func(tx *Tx) error { return tx.Remove("old/gone.txt", RemoveOptions{Secret: true}) }},
				{"old/again.txt", func(tx *Tx) error { return tx.Create("old/again.txt", pattern(700, 6), like) }},
			}
			crashThrough(t, d, &before, scenario)
		})
	}
}
