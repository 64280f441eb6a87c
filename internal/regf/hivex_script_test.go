package regf

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// scriptStep is one change, for hivex as a JSON array.
type scriptStep struct {
	what, path, name string
	typ              Type
	data             []byte
}

// MarshalJSON implements json.Marshaler.
func (s scriptStep) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{s.what, s.path, s.name, uint32(s.typ), hex.EncodeToString(s.data)})
}

// drawStep stays within what hivex gets right: ASCII names, values of one cell.
func drawStep(t *rapid.T) scriptStep {
	name := rapid.OneOf(
		rapid.SampledFrom([]string{"a", "Bb", "cC", "Services", "x y", "long-" + strings.Repeat("n", 90), "Z9", "{1f-2e}", "k1", "K10"}),
		rapid.StringMatching(`[!-\[\]-~][ -\[\]-~]{0,20}`),
	)
	s := scriptStep{what: "set", path: "Diff", name: name.Draw(t, "name")}
	for _, part := range rapid.SliceOfN(name, 1, 3).Draw(t, "path") {
		s.path += `\` + part
	}
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0, 1:
		s.what = "delete key"
	case 2, 3:
		s.what = "delete value"
	default:
		if rapid.IntRange(0, 5).Draw(t, "default value") == 0 {
			s.name = ""
		}
		sizes := rapid.OneOf(rapid.SampledFrom([]int{0, 1, 2, 3, 4, 5, 8, 4096, 16344}), rapid.IntRange(0, 16344))
		s.typ = Type(rapid.Uint32Range(0, 11).Draw(t, "type"))
		s.data = bytes.Repeat([]byte{rapid.ByteMin(1).Draw(t, "byte")}, sizes.Draw(t, "size"))
	}
	return s
}

func (s scriptStep) apply(h *Hive) error {
	var err error
	switch s.what {
	case "delete key":
		err = h.DeleteKey(s.path)
	case "delete value":
		var k Key
		if k, err = h.Key(s.path); err == nil {
			err = k.DeleteValue(s.name)
		}
	default:
		var k Key
		if k, _, err = h.CreateKey(s.path, nil); err == nil {
			err = k.SetValue(s.name, s.typ, s.data)
		}
	}
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// peer is a Python program of testdata/peers that does one job for each line, and says so.
type peer struct {
	in   io.WriteCloser
	said *bufio.Scanner
	errs *bytes.Buffer
}

func startPeer(t *testing.T, python, script string) *peer {
	t.Helper()
	p := &peer{errs: new(bytes.Buffer)}
	cmd := exec.Command(python, filepath.Join("testdata", "peers", script))
	cmd.Stderr = p.errs
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in, p.said = in, bufio.NewScanner(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			t.Errorf("%s: %v", script, err)
		}
	})
	return p
}

func (p *peer) do(t fataler, job string) {
	if _, err := io.WriteString(p.in, job+"\n"); err != nil {
		t.Fatal(err)
	}
	if !p.said.Scan() || p.said.Text() != "done" {
		t.Fatal("the other reader said ", p.said.Text(), p.errs)
	}
}

// scriptStarts are the hives that the scripts begin with: new ones of each version, and real ones.
func scriptStarts(t *testing.T) (starts []disk) {
	t.Helper()
	for minor := uint32(3); minor <= 6; minor++ {
		starts = append(starts, syntheticHive(t, minor, 40))
	}
	dir := testenv.Shared(t, "testdata/hives")
	for _, name := range []string{"user-hives/BCD", "win10-rathbunvm/SAM", "edge/NTUSER_Good.DAT", "srv2019-x64-dc/SECURITY"} {
		starts = append(starts, diskOf(load(t, dir, name)))
	}
	return starts
}

// TestScriptsAgreeWithHivex applies random scripts of changes with this engine and with hivex, to real and to new hives,
// and expects hivex, libregf and this engine to see the same keys and values in the results.
func TestScriptsAgreeWithHivex(t *testing.T) {
	t.Parallel()
	edits := startPeer(t, testenv.Python(t, "hivex"), "hivex_script.py")
	hivex := startPeer(t, testenv.Python(t, "hivex"), "hivex_dump.py")
	libregf := startPeer(t, testenv.Python(t, "pyregf"), "libregf_dump.py")
	starts := scriptStarts(t)
	ours, theirs := filepath.Join(t.TempDir(), "ours"), filepath.Join(t.TempDir(), "theirs")
	rapid.Check(t, func(t *rapid.T) {
		f := starts[rapid.IntRange(0, len(starts)-1).Draw(t, "start")].files()
		if f.Log1 == nil {
			f.Log1 = NewMemFile(nil)
		}
		write(t, theirs, f)
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 60).Draw(t, "steps")
		text := runScript(t, f, steps, rapid.IntRange(1, 20).Draw(t, "commit every"))

		job, err := json.Marshal(map[string]any{"hive": theirs, "steps": steps})
		if err != nil {
			t.Fatal(err)
		}
		edits.do(t, string(job))
		mustAgree(t, "hivex edits to something else", text, dumpText(t, openFile(t, theirs)))

		write(t, ours, f)
		hivex.do(t, ours)
		mustAgree(t, "hivex reads something else", text, read(t, ours+".hivex"))
		libregf.do(t, ours)
		agreeExcept(t, "libregf", text, read(t, ours+".libregf"), libregfMisreads)
	})
}

// runScript applies the steps, commits every so often and at the end, and returns the content of the hive. Nothing may be
// wrong with the hive after any commit, and a commit without changes writes nothing.
func runScript(t *rapid.T, f Files, steps []scriptStep, every int) string {
	h := reopen(t, f)
	for n, s := range steps {
		if err := s.apply(h); err != nil {
			t.Fatal(n, err)
		}
		if n%every != 0 && n < len(steps)-1 {
			continue
		}
		if _, err := h.Commit(CommitOptions{}); err != nil {
			t.Fatal(err)
		}
		if problems := damage(h); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	if report, err := h.Commit(CommitOptions{}); err != nil || report != (CommitReport{}) {
		t.Fatalf("a commit without changes: %+v, %v", report, err)
	}
	return dumpText(t, reopen(t, f))
}

func write(t *rapid.T, path string, f Files) {
	if err := os.WriteFile(path, f.Primary.(*MemFile).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *rapid.T, path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func openFile(t *rapid.T, path string) *Hive {
	h, err := Open(Files{Primary: NewMemFile([]byte(read(t, path)))})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func mustAgree(t *rapid.T, what, want, got string) {
	if got != want {
		t.Fatal(what, firstDifferences(want, got))
	}
}
