package regf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// editedHive is a hive of the corpus after broadEdit, written as a file, with its content as this engine reads it.
type editedHive struct {
	name, path string
	dump       string
	keys       int
}

// broadEdit makes keys and values of all shapes, replaces and deletes some of what was there, and returns the content that
// the hive must have then.
func broadEdit(t testing.TB, h *Hive, before string) (want string) {
	t.Helper()
	lines := map[string]bool{}
	for line := range strings.Lines(before) {
		lines[line] = true
	}
	deleteSome(t, h, before, lines)
	set := func(path, name string, typ Type, data []byte) {
		k, _, err := h.CreateKey(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.SetValue(name, typ, data); err != nil {
			t.Fatal(err)
		}
		up := ""
		for part := range strings.SplitSeq(path, `\`) {
			up += `\` + part
			lines["K\t"+up+"\n"] = true
		}
		lines[valueLine(up, name, typ, data)] = true
	}
	for _, size := range []int{0, 1, 3, 4, 5, 100, 2048, 4096, 16344, 16345, 32688, 81725} {
		set(`Peer\Sizes\Level three`, fmt.Sprint("size ", size), Binary, bytes.Repeat([]byte{0xA5, byte(size)}, size)[:size])
	}
	set(`Peer\Sizes`, "", SZ, TextData("the default value"))
	set(`Peer\Sizes`, "number", DWORD, DWORDData(1<<31))
	set(`Peer\Sizes`, "odd type", Type(0x10203), []byte("odd type"))
	for i := range 1100 { // more than one leaf holds
		set(fmt.Sprintf(`Peer\Many\K%04d`, i*7%1100), "n", DWORD, DWORDData(uint32(i)))
	}
	out := make([]string, 0, len(lines))
	for line := range lines {
		out = append(out, line)
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

// deleteSome deletes some keys without subkeys and some values, and takes them out of lines.
func deleteSome(t testing.TB, h *Hive, before string, lines map[string]bool) {
	t.Helper()
	var keys, values []string
	for line := range strings.Lines(before) {
		if strings.HasPrefix(line, "K\t\\") {
			keys = append(keys, strings.TrimSuffix(line[2:], "\n"))
		} else if strings.HasPrefix(line, "V\t\\") && !strings.Contains(line, `\x`) {
			values = append(values, line)
		}
	}
	for i := 0; i < len(values); i += len(values)/9 + 1 {
		f := strings.Split(values[i], "\t")
		k, err := h.Key(f[1])
		if err == nil {
			err = k.DeleteValue(f[2])
		}
		if err != nil {
			t.Fatalf("deleting %q: %v", values[i], err)
		}
		delete(lines, values[i])
	}
	for i := 1; i < len(keys)-1; i += len(keys)/9 + 1 {
		if strings.Contains(keys[i], `\x`) || strings.HasPrefix(keys[i+1], keys[i]+`\`) {
			continue
		}
		err := h.DeleteKey(keys[i])
		if errors.Is(err, ErrInvalid) { // marked as not to be deleted
			continue
		}
		if err != nil {
			t.Fatalf("deleting %q: %v", keys[i], err)
		}
		for line := range lines {
			path := strings.TrimSuffix(line[2:], "\n")
			if path == keys[i] || strings.HasPrefix(path, keys[i]+"\t") || strings.HasPrefix(path, keys[i]+`\`) {
				delete(lines, line)
			}
		}
	}
}

// newHives are hives made from nothing, of every version, with the same edit.
func newHives(t *testing.T, out string) (made []editedHive) {
	t.Helper()
	for minor := uint32(3); minor <= 6; minor++ {
		f := newTestHive(t, minor)
		h := reopen(t, f)
		text := broadEdit(t, h, dumpText(t, h))
		if _, err := h.Commit(CommitOptions{}); err != nil {
			t.Fatal(err)
		}
		made = append(made, writeHive(t, fmt.Sprintf("new 1.%d", minor), filepath.Join(out, fmt.Sprint("new", minor)), text, f))
	}
	return made
}

// editCorpus edits every healthy hive of the corpus, and new ones, and writes the results into a temporary folder.
func editCorpus(t *testing.T) []editedHive {
	t.Helper()
	dir, hives := corpus(t)
	out := t.TempDir()
	var edited []editedHive
	var mu sync.Mutex
	t.Run("edit", func(t *testing.T) {
		for i, want := range hives {
			if want.refusedByPeer || want.keys > 15000 && !strings.HasPrefix(want.replay, "replayed") { // one giant must do
				continue
			}
			t.Run(want.name, func(t *testing.T) {
				t.Parallel()
				e, ok := editOne(t, dir, want, filepath.Join(out, fmt.Sprint(i)))
				if !ok {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				edited = append(edited, e)
			})
		}
	})
	edited = append(edited, newHives(t, out)...)
	slices.SortFunc(edited, func(a, b editedHive) int { return a.keys - b.keys })
	return edited
}

func editOne(t *testing.T, dir string, want corpusHive, path string) (editedHive, bool) {
	f := load(t, dir, want.name)
	if f.Log1 == nil {
		f.CreateLog = func() (File, error) { return NewMemFile(nil), nil }
	}
	h, err := Open(f)
	if errors.Is(err, ErrUnrecoverable) {
		return editedHive{}, false
	}
	if err != nil {
		t.Fatal(err)
	}
	if digest, _, _, _ := dumpDigest(h); digest != want.digest {
		t.Fatal("the content before the edit is not the expected one")
	}
	text := broadEdit(t, h, dumpText(t, h))
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	return writeHive(t, want.name, path, text, f), true
}

// writeHive writes an edited hive for the others to read.
func writeHive(t *testing.T, name, path, text string, f Files) editedHive {
	t.Helper()
	if got := dumpText(t, reopen(t, f)); got != text {
		t.Fatal("the engine itself reads something else:\n", firstDifferences(text, got))
	}
	if err := os.WriteFile(path, f.Primary.(*MemFile).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return editedHive{name: name, path: path, dump: text, keys: strings.Count("\n"+text, "\nK\t")}
}

// runPeer lets a Python script of testdata/peers dump hives.
func runPeer(t *testing.T, python, script string, hives []editedHive) {
	t.Helper()
	var paths strings.Builder
	for _, h := range hives {
		fmt.Fprintln(&paths, h.path)
	}
	cmd := exec.Command(python, filepath.Join("testdata", "peers", script))
	cmd.Stdin = strings.NewReader(paths.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func firstDifferences(want, got string) string {
	removed, added := difference(want, got)
	slices.Sort(removed)
	slices.Sort(added)
	return fmt.Sprintf("missing %.10q\ntoo much %.10q", removed[:min(10, len(removed))], added[:min(10, len(added))])
}

// TestPeersReadEdits lets independent readers of hives read what this engine has edited. None of them knows the logs, so
// the hives that were dirty must have been reconciled.
func TestPeersReadEdits(t *testing.T) {
	t.Parallel()
	hives := editCorpus(t)
	if len(hives) < 44 {
		t.Fatalf("only %d hives were edited", len(hives))
	}
	t.Run("hivex", func(t *testing.T) {
		runPeer(t, testenv.Python(t, "hivex"), "hivex_dump.py", hives)
		compareAll(t, hives, ".hivex", func(_, _ string) bool { return false })
	})
	t.Run("libregf", func(t *testing.T) {
		// libregf 20201007 knows the data of large values in version 1.5 only.
		hives := slices.DeleteFunc(slices.Clone(hives), func(h editedHive) bool { return h.name == "new 1.4" })
		runPeer(t, testenv.Python(t, "pyregf"), "libregf_dump.py", hives)
		compareAll(t, hives, ".libregf", libregfMisreads)
	})
	t.Run("regfexport", func(t *testing.T) { countByRegfexport(t, hives) })
	t.Run("reged", func(t *testing.T) { countByReged(t, hives) })
}

func compareAll(t *testing.T, hives []editedHive, suffix string, tolerate func(want, got string) bool) {
	t.Helper()
	for _, h := range hives {
		got, err := os.ReadFile(h.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		agreeExcept(t, h.name, h.dump, string(got), tolerate)
	}
}

// agreeExcept expects two dumps to be the same but for pairs of lines about one value that are tolerated.
func agreeExcept(t interface{ Errorf(string, ...any) }, what, want, got string, tolerate func(want, got string) bool) {
	if got == want {
		return
	}
	removed, added := difference(want, got)
	seen := map[string]string{}
	for _, line := range added {
		seen[valueOf(line)] = line
	}
	for _, line := range removed {
		if other := seen[valueOf(line)]; other == "" || !tolerate(line, other) {
			t.Errorf("%s: it reads %q for %q", what, other, line)
		}
		delete(seen, valueOf(line))
	}
	for _, line := range seen {
		t.Errorf("%s: only it reads %q", what, line)
	}
}

// valueOf returns the part of a dump's line that says which value of which key it is about.
func valueOf(line string) string {
	f := strings.SplitN(line, "\t", 4)
	return strings.Join(f[:min(3, len(f))], "\t")
}

// libregfMisreads knows two defects of libregf 20201007: it reads the wrong bytes of inline data shorter than four bytes,
// and it recodes text, so that an odd length, a missing or a second final NUL do not survive.
func libregfMisreads(want, got string) bool {
	w, g := strings.Split(want, "\t"), strings.Split(got, "\t")
	if len(w) < 6 || len(g) < 6 || w[3] != g[3] {
		return false
	}
	if short := []string{"1", "2", "3"}; slices.Contains(short, w[4]) && w[4] == g[4] {
		return true
	}
	return slices.Contains([]string{"1", "2", "6", "7"}, w[3]) && !strings.HasPrefix(w[1], `\Peer`)
}

// countByRegfexport lets libregf's commands find every key. A few hives must do: the library itself reads all of
// them.
func countByRegfexport(t *testing.T, hives []editedHive) {
	tool, info := testenv.Tool(t, "regfexport"), testenv.Tool(t, "regfinfo")
	for _, h := range hives[:5] {
		if out, err := exec.Command(info, h.path).CombinedOutput(); err != nil {
			t.Errorf("%s: regfinfo: %v: %s", h.name, err, out)
		}
		out, err := os.Create(h.path + ".txt") // it writes byte by byte: a pipe would take a minute
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(tool, h.path)
		cmd.Stdout = out
		if err := errors.Join(cmd.Run(), out.Close()); err != nil {
			t.Errorf("%s: %v", h.name, err)
		}
		text, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Count(text, []byte("\nKey path: ")); got != h.keys {
			t.Errorf("%s: regfexport finds %d keys, there are %d", h.name, got, h.keys)
		}
	}
}

// countByReged lets chntpw's registry editor find the subtree that the edit has made.
func countByReged(t *testing.T, hives []editedHive) {
	tool := testenv.Tool(t, "reged")
	for _, h := range hives {
		out := h.path + ".reg"
		if text, err := exec.Command(tool, "-x", h.path, "X", "Peer", out).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", h.name, err, text)
			continue
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Error(h.name, err)
			continue
		}
		if got := bytes.Count(text, []byte("\n[X\\")); got != 1100+4 {
			t.Errorf("%s: reged finds %d keys, there are %d", h.name, got, 1100+4)
		}
	}
}

func valueLine(path, name string, typ Type, data []byte) string {
	return fmt.Sprintf("V\t%s\t%s\t%d\t%d\t%s\n", path, escaped(name), uint32(typ), len(data), digestText(data))
}
