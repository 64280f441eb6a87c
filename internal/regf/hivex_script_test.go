package regf

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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

// randomStep stays within what hivex gets right: ASCII names, values of one cell.
func randomStep(r *rand.Rand) scriptStep {
	names := []string{"a", "Bb", "cC", "Services", "x y", "long-" + strings.Repeat("n", 90), "Z9", "{1f-2e}", "k1", "K2", "k10"}
	pick := func() string { return names[r.IntN(len(names))] }
	s := scriptStep{what: "set", path: "Diff", name: pick()}
	for range 1 + r.IntN(3) {
		s.path += `\` + pick()
	}
	switch r.IntN(10) {
	case 0, 1:
		s.what = "delete key"
	case 2, 3:
		s.what = "delete value"
	default:
		if r.IntN(6) == 0 {
			s.name = ""
		}
		sizes := []int{0, 1, 2, 3, 4, 5, 8, 60, 500, 2048, 4096, 9000, 16344}
		s.typ = Type(r.IntN(12))
		s.data = bytes.Repeat([]byte{byte(r.IntN(255) + 1)}, sizes[r.IntN(len(sizes))])
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

// TestScriptsAgreeWithHivex applies random scripts of changes with this engine and with hivex, to real and to new hives,
// and expects the same keys and values in both.
func TestScriptsAgreeWithHivex(t *testing.T) {
	t.Parallel()
	python := testenv.Python(t, "hivex")
	starts := []disk{}
	for minor := uint32(3); minor <= 6; minor++ {
		starts = append(starts, syntheticHive(t, minor, 40))
	}
	dir := testenv.Shared(t, "testdata/hives")
	for _, name := range []string{"user-hives/BCD", "win10-rathbunvm/SAM", "edge/NTUSER_Good.DAT", "srv2019-x64-dc/SECURITY"} {
		starts = append(starts, diskOf(load(t, dir, name)))
	}
	out := t.TempDir()
	var jobs bytes.Buffer
	r := rand.New(rand.NewPCG(2, 2026))
	want := map[string]string{}
	for i := range 160 {
		f := starts[i%len(starts)].files()
		if f.Log1 == nil {
			f.Log1 = NewMemFile(nil)
		}
		path := filepath.Join(out, fmt.Sprint(i))
		if err := os.WriteFile(path, f.Primary.(*MemFile).Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		steps := make([]scriptStep, 1+r.IntN(60))
		h := reopen(t, f)
		for n := range steps {
			steps[n] = randomStep(r)
			if err := steps[n].apply(h); err != nil {
				t.Fatal(i, n, err)
			}
			if r.IntN(15) == 0 {
				if _, err := h.Commit(CommitOptions{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := h.Commit(CommitOptions{}); err != nil {
			t.Fatal(err)
		}
		want[path] = dumpText(t, reopen(t, f))
		if err := json.NewEncoder(&jobs).Encode(map[string]any{"hive": path, "steps": steps}); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, filepath.Join("testdata", "peers", "hivex_script.py"))
	cmd.Stdin = &jobs
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for path, text := range want {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		h, err := Open(Files{Primary: NewMemFile(data)})
		if err != nil {
			t.Fatal(err)
		}
		if got := dumpText(t, h); got != text {
			t.Errorf("script %s: hivex has made something else:\n%s", filepath.Base(path), firstDifferences(text, got))
		}
	}
}
