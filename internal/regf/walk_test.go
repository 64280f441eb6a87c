package regf

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// namesHive holds keys and values whose names sort otherwise than a walk of the tree meets them, and names that a dump
// writes with escapes or as if with some.
func namesHive(t testing.TB) *Hive {
	t.Helper()
	h, err := Open(newTestHive(t, 5))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{`A\C`, `A B`, "A\tB", `A\x09B`, `b`} {
		if _, _, err := h.CreateKey(path, nil); err != nil {
			t.Fatal(err)
		}
	}
	k, err := h.Key(`A`)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"z", "", "with\ttab", `with\x09text`, "a"} {
		if err := k.SetValue(name, DWORD, DWORDData(1)); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func TestWalk(t *testing.T) {
	t.Parallel()
	var got []string
	for e, err := range Walk(namesHive(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if e.IsKey() {
			got = append(got, fmt.Sprintf("%q", e.Path))
		} else {
			got = append(got, fmt.Sprintf("%q %q", e.Path, e.Value.Name()))
		}
		if e.Path != "" && e.Path != `\`+e.Key.Path() {
			t.Errorf("%q is the path of the key %q", e.Path, e.Key.Path())
		}
	}
	want := []string{
		`""`, `"\\A"`, `"\\A" ""`, `"\\A" "a"`, `"\\A" "with\ttab"`, `"\\A" "with\\x09text"`, `"\\A" "z"`,
		`"\\A B"`, `"\\A\\C"`, `"\\A\tB"`, `"\\A\\x09B"`, `"\\b"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("the walk yields\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestWalkMayEnd: who has seen enough stops, whether at a key or at a value.
func TestWalkMayEnd(t *testing.T) {
	t.Parallel()
	h := namesHive(t)
	for most := 1; most < 12; most++ {
		n := 0
		for _, err := range Walk(h) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == most {
				break
			}
		}
		if n != most {
			t.Errorf("%d entries, want %d", n, most)
		}
	}
}

func TestDumpHides(t *testing.T) {
	t.Parallel()
	h := namesHive(t)
	var b strings.Builder
	o := DumpOptions{Hidden: func(e Entry) bool { return e.Path == `\A` && e.Value.Name() == "z" }}
	if err := o.Dump(h, &b); err != nil {
		t.Fatal(err)
	}
	plain := dumpText(t, h)
	if n := strings.Count(plain, "67abdd721024f0ff4e0b3f4c2fc13bc5bad42d0b7851d456d88d203d15aaa450"); n != 5 {
		t.Fatalf("the dump has %d digests of the number 1, want 5:\n%s", n, plain)
	}
	var want []string
	for _, l := range strings.SplitAfter(plain, "\n") {
		if f := strings.Split(l, "\t"); len(f) == 6 && f[2] == "z" {
			l = strings.Join(f[:5], "\t") + "\tsecret\n"
		}
		want = append(want, l)
	}
	if got := b.String(); got != strings.Join(want, "") || !strings.Contains(got, "\tsecret\n") {
		t.Errorf("got\n%s", got)
	}
}

// TestADumpKeepsFewPages dumps a hive that is larger than what may be kept of it.
func TestADumpKeepsFewPages(t *testing.T) {
	t.Parallel()
	f := Files{Primary: NewMemFile(nil), Log1: NewMemFile(nil)}
	if err := Create(f.Primary, CreateOptions{Security: testDescriptor}); err != nil {
		t.Fatal(err)
	}
	h, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	k, err := h.Root()
	if err != nil {
		t.Fatal(err)
	}
	const size = 24 << 20
	for i := 0; h.DataSize() < size; i++ {
		if err := k.SetValue(fmt.Sprintf("Value %d", i), Binary, make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	if h, err = Open(f); err != nil {
		t.Fatal(err)
	}
	most := 0
	hidden := func(Entry) bool { most = max(most, len(h.pages)); return false }
	if err := (DumpOptions{Hidden: hidden}).Dump(h, io.Discard); err != nil {
		t.Fatal(err)
	}
	const kept = 8 << 20
	if most = max(most, len(h.pages)); most*pageSize > kept+pageSize {
		t.Errorf("%d KiB of pages are kept of a hive of %d KiB", most*pageSize>>10, size>>10)
	}
}
