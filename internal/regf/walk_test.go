package regf

import (
	"fmt"
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
