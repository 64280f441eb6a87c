package regf

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// testDescriptor is O:BAG:SYD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA), laid out by hand.
var testDescriptor = []byte{
	1, 0, 4, 0x90, 72, 0, 0, 0, 88, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0,
	2, 0, 52, 0, 2, 0, 0, 0,
	0, 2, 20, 0, 0x3F, 0, 0x0F, 0, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0,
	0, 2, 24, 0, 0x3F, 0, 0x0F, 0, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0,
	1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0,
	1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0,
}

func newTestHive(t testing.TB, minor uint32) Files {
	t.Helper()
	f := Files{Primary: NewMemFile(nil), Log1: NewMemFile(nil), Log2: NewMemFile(nil)}
	if err := Create(f.Primary, CreateOptions{Minor: minor, Security: testDescriptor}); err != nil {
		t.Fatal(err)
	}
	return f
}

type fataler interface {
	Helper()
	Fatal(...any)
}

func reopen(t fataler, f Files) *Hive {
	t.Helper()
	h, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	if p := damage(h); len(p) > 0 {
		t.Fatal("check: ", p)
	}
	return h
}

func dumpText(t fataler, h *Hive) string {
	t.Helper()
	var b bytes.Buffer
	if err := Dump(h, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// model is what a hive should hold: keys by upcased path, values by upcased name.
type model map[string]map[string][]byte

var testNames = []string{"a", "B", "Software", "ÿ", "ı", "Ω key", "日本", "x\U0001F600", strings.Repeat("n", 200), "Z-9"}

func (m model) matches(t *rapid.T, h *Hive) {
	root, err := h.Root()
	if err != nil {
		t.Fatal(err)
	}
	got := model{}
	var walk func(k Key)
	walk = func(k Key) {
		values := map[string][]byte{}
		for v, err := range k.Values() {
			if err != nil {
				t.Fatal(err)
			}
			data, err := v.Data()
			if err != nil {
				t.Fatal(err)
			}
			values[upcaseKey(encodeName(v.Name()))] = data
		}
		got[upcaseKey(encodeName(k.Path()))] = values
		for sub, err := range k.Subkeys() {
			if err != nil {
				t.Fatal(err)
			}
			walk(sub)
		}
	}
	walk(root)
	if len(got) != len(m) {
		t.Fatalf("%d keys, want %d", len(got), len(m))
	}
	for path, values := range m {
		if len(got[path]) != len(values) {
			t.Fatalf("key %q has %d values, want %d", path, len(got[path]), len(values))
		}
		for name, data := range values {
			if !bytes.Equal(got[path][name], data) {
				t.Fatalf("value %q of %q differs", name, path)
			}
		}
	}
}

// TestEditsAgreeWithModel applies random changes to a new hive and to a map, commits now and then, and expects a sound
// hive with the same content each time it is opened again.
func TestEditsAgreeWithModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := Files{Primary: NewMemFile(nil), Log1: NewMemFile(nil)}
		minor := uint32(rapid.IntRange(3, 6).Draw(t, "minor"))
		if err := Create(f.Primary, CreateOptions{Minor: minor, Security: testDescriptor}); err != nil {
			t.Fatal(err)
		}
		h := reopen(t, f)
		m := model{"": {}}
		drawPath := func() string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(testNames), 1, 3).Draw(t, "path"), `\`)
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			path := drawPath()
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0, 1:
				m.set(t, h, path)
			case 2:
				m.deleteValue(t, h, path)
			case 3:
				m.deleteKey(t, h, path)
			case 4:
				if _, err := h.Commit(CommitOptions{}); err != nil {
					t.Fatal(err)
				}
				h = reopen(t, f)
			}
		}
		if _, err := h.Commit(CommitOptions{Scrub: true}); err != nil {
			t.Fatal(err)
		}
		m.matches(t, reopen(t, f))
	})
}

func (m model) set(t *rapid.T, h *Hive, path string) {
	size := rapid.SampledFrom([]int{0, 1, 4, 5, 100, 4096, 16344, 16345, 40000}).Draw(t, "size")
	data := bytes.Repeat([]byte{byte(rapid.IntRange(1, 255).Draw(t, "byte"))}, size)
	name := rapid.SampledFrom(append(testNames, "")).Draw(t, "value")
	var sd []byte
	if rapid.Bool().Draw(t, "own descriptor") {
		sd = slices.Clone(testDescriptor)
		sd[len(sd)-4] = 19 // another group
	}
	k, _, err := h.CreateKey(path, sd)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.SetValue(name, Binary, data); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(path, `\`)
	for i := range parts {
		at := upcaseKey(encodeName(strings.Join(parts[:i+1], `\`)))
		if m[at] == nil {
			m[at] = map[string][]byte{}
		}
	}
	m[upcaseKey(encodeName(path))][upcaseKey(encodeName(name))] = data
}

func (m model) deleteValue(t *rapid.T, h *Hive, path string) {
	values := m[upcaseKey(encodeName(path))]
	k, err := h.Key(path)
	if (values == nil) != errors.Is(err, ErrNotFound) {
		t.Fatalf("key %q: %v", path, err)
	}
	if values == nil {
		return
	}
	name := rapid.SampledFrom(testNames).Draw(t, "value")
	_, there := values[upcaseKey(encodeName(name))]
	if err := k.DeleteValue(name); there != (err == nil) || err != nil && !errors.Is(err, ErrNotFound) {
		t.Fatalf("deleting %q: %v", name, err)
	}
	delete(values, upcaseKey(encodeName(name)))
}

func (m model) deleteKey(t *rapid.T, h *Hive, path string) {
	at := upcaseKey(encodeName(path))
	err := h.DeleteKey(path)
	if (m[at] == nil) != errors.Is(err, ErrNotFound) {
		t.Fatalf("deleting %q: %v", path, err)
	}
	for p := range m {
		if p == at || strings.HasPrefix(p, at+upcaseKey(encodeName(`\`))) {
			delete(m, p)
		}
	}
}

// TestManySubkeys forces leaf growth, the conversion of lf to li, splits into a root index, and the way back.
func TestManySubkeys(t *testing.T) {
	t.Parallel()
	for minor := uint32(3); minor <= 6; minor++ {
		t.Run(fmt.Sprintf("1.%d", minor), func(t *testing.T) {
			t.Parallel()
			f := newTestHive(t, minor)
			h := reopen(t, f)
			const count = 2600
			for i := range count {
				if _, created, err := h.CreateKey(fmt.Sprintf(`Many\k%d`, i*7919%count), nil); err != nil || !created {
					t.Fatal(i, created, err)
				}
			}
			if _, err := h.Commit(CommitOptions{}); err != nil {
				t.Fatal(err)
			}
			h = reopen(t, f)
			for i := range count {
				if _, err := h.Key(fmt.Sprintf(`many\K%d`, i)); err != nil {
					t.Fatal(i, err)
				}
			}
			for i := range count {
				if err := h.DeleteKey(fmt.Sprintf(`Many\k%d`, i)); err != nil {
					t.Fatal(i, err)
				}
			}
			if _, err := h.Commit(CommitOptions{}); err != nil {
				t.Fatal(err)
			}
			if got := dumpText(t, reopen(t, f)); got != "K\t\nK\t\\Many\n" {
				t.Errorf("left over: %q", got)
			}
		})
	}
}

// difference returns the lines that only one of two dumps has.
func difference(before, after string) (removed, added []string) {
	count := map[string]int{}
	for line := range strings.Lines(after) {
		count[line]++
	}
	for line := range strings.Lines(before) {
		count[line]--
	}
	for line, n := range count {
		switch {
		case n < 0:
			removed = append(removed, line)
		case n > 0:
			added = append(added, line)
		}
	}
	return removed, added
}

// stageLike makes the kind of change that the project lives for.
func stageLike(t fataler, h *Hive) {
	t.Helper()
	k, _, err := h.CreateKey(`Setup\OfflineJoin`, testDescriptor)
	if err != nil {
		t.Fatal(err)
	}
	for i, data := range [][]byte{DWORDData(1), TextData("staged"), bytes.Repeat([]byte("blob"), 500), TextData("corp.example.com")} {
		if err := k.SetValue(fmt.Sprintf("Value%d", i), Binary, data); err != nil {
			t.Fatal(err)
		}
	}
	s, _, err := h.CreateKey("Setup", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetValue("SetupType", DWORD, DWORDData(2)); err != nil {
		t.Fatal(err)
	}
}

// TestCorpusEdit edits every healthy hive of the corpus: what was there stays, what is new is there, nothing is damaged,
// and taking it back gives the old content.
func TestCorpusEdit(t *testing.T) {
	t.Parallel()
	dir, hives := corpus(t)
	for _, want := range hives {
		if want.refusedByPeer {
			continue
		}
		t.Run(want.name, func(t *testing.T) {
			t.Parallel()
			f := load(t, dir, want.name)
			if f.Log1 == nil {
				f.CreateLog = func() (File, error) { return NewMemFile(nil), nil }
			}
			h, err := Open(f)
			if errors.Is(err, ErrUnrecoverable) {
				return // nothing may be changed
			}
			if err != nil {
				t.Fatal(err)
			}
			before := dumpText(t, h)
			stageLike(t, h)
			after := dumpText(t, h)
			if _, err := h.Commit(CommitOptions{}); err != nil {
				t.Fatal(err)
			}
			h = reopen(t, f)
			if got := dumpText(t, h); got != after {
				t.Error("the content differs after reopening")
			}
			removed, added := difference(before, after)
			for _, line := range removed {
				if !strings.HasPrefix(line, "V\t\\Setup\tSetupType\t") {
					t.Fatalf("lost: %q", line)
				}
			}
			if n := len(added); n != 6 && n != 7 { // two keys, or one, and five values
				t.Errorf("%d lines are new: %q", n, added)
			}
			if got := h.Recovery(); got != (Recovery{}) {
				t.Errorf("after a commit the hive is not clean: %+v", got)
			}
		})
	}
}

func TestCommitWithoutChangesWritesNothing(t *testing.T) {
	t.Parallel()
	f := newTestHive(t, 5)
	h := reopen(t, f)
	stageLike(t, h)
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	primary, log := f.Primary.(*MemFile).Bytes(), f.Log1.(*MemFile).Bytes()
	h = reopen(t, f)
	stageLike(t, h)
	r, err := h.Commit(CommitOptions{})
	if err != nil || r != (CommitReport{}) {
		t.Errorf("report %+v, error %v", r, err)
	}
	if !bytes.Equal(primary, f.Primary.(*MemFile).Bytes()) || !bytes.Equal(log, f.Log1.(*MemFile).Bytes()) {
		t.Error("something was written")
	}
}

func TestScrubLeavesNoByte(t *testing.T) {
	t.Parallel()
	f := newTestHive(t, 5)
	h := reopen(t, f)
	secret := []byte("canary-canary-canary-canary")
	k, _, err := h.CreateKey(`Setup\OfflineJoin`, testDescriptor)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 100, 700} {
		if err := k.SetValue(fmt.Sprint("v", size), Binary, bytes.Repeat(secret, size)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	found := func() bool {
		return bytes.Contains(f.Primary.(*MemFile).Bytes(), secret[:7]) || bytes.Contains(f.Log1.(*MemFile).Bytes(), secret[:7])
	}
	if !found() {
		t.Fatal("the canary was never written: this test proves nothing")
	}
	h = reopen(t, f)
	if err := h.DeleteKey(`Setup\OfflineJoin`); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Commit(CommitOptions{Scrub: true}); err != nil {
		t.Fatal(err)
	}
	if found() {
		t.Error("bytes of the deleted value are left")
	}
	reopen(t, f)
}
