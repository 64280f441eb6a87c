package regf

import (
	"errors"
	"testing"
)

const testMount = `\Registry\Machine\System`

// putLink makes a symbolic link key.
func putLink(t *testing.T, h *Hive, path, target string) {
	t.Helper()
	k, _, err := h.CreateKey(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	data := TextData(target)
	if err := k.SetValue("SymbolicLinkValue", Link, data[:len(data)-2]); err != nil {
		t.Fatal(err)
	}
	n, err := h.node(k.cell)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.putU16(n.rel+nkFlags, n.flags|flagSymbolicLink); err != nil {
		t.Fatal(err)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	h := reopen(t, newTestHive(t, 5))
	for _, path := range []string{`ControlSet002\Control\Lsa`, `Real\Below`} {
		if _, _, err := h.CreateKey(path, nil); err != nil {
			t.Fatal(err)
		}
	}
	sel, _, err := h.CreateKey("Select", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]uint32{"Current": 1, "Default": 2} {
		if err := sel.SetValue(name, DWORD, DWORDData(n)); err != nil {
			t.Fatal(err)
		}
	}
	putLink(t, h, `Link`, `\REGISTRY\Machine\System\Real`)
	putLink(t, h, `Twice`, `\Registry\Machine\System\Link`)
	putLink(t, h, `Set`, `\Registry\Machine\System\CurrentControlSet\Control`)
	putLink(t, h, `Circle`, `\Registry\Machine\System\Circle\x`)
	putLink(t, h, `Out`, `\Registry\Machine\Software\Real`)
	putLink(t, h, `Near`, `\Registry\Machine\SystemX\Real`)

	for path, want := range map[string]string{
		``: ``, `Real`: `Real`, `link`: `Real`, `Link\Below`: `Real\Below`, `Twice\below`: `Real\Below`,
		`CurrentControlSet`: `ControlSet002`, `currentcontrolset\Control`: `ControlSet002\Control`, `Set\Lsa`: `ControlSet002\Control\Lsa`,
	} {
		if k, err := h.Resolve(path, testMount); err != nil || k.Path() != want {
			t.Errorf("%q leads to %q, %v; want %q", path, k.Path(), err, want)
		}
	}
	for path, want := range map[string]error{
		`Nothing`: ErrNotFound, `Link\Nothing`: ErrNotFound, `Circle`: ErrLink, `Out`: ErrLink, `Near`: ErrLink,
	} {
		if k, err := h.Resolve(path, testMount); !errors.Is(err, want) {
			t.Errorf("%q leads to %q, %v; want %v", path, k.Path(), err, want)
		}
	}
	if _, err := h.Resolve("Link", ""); !errors.Is(err, ErrLink) {
		t.Errorf("without a mount: %v", err)
	}
}

// TestResolveRealHive goes through the name that a SYSTEM hive only has while Windows runs. No hive of the corpus holds a
// symbolic link on disk.
func TestResolveRealHive(t *testing.T) {
	t.Parallel()
	dir, _ := corpus(t)
	h, err := Open(load(t, dir, "win10-1709-x64-dirty/SYSTEM"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := h.Resolve(`CurrentControlSet\Control\Lsa`, testMount)
	if err != nil || k.Path() != `ControlSet001\Control\Lsa` {
		t.Errorf("%q, %v", k.Path(), err)
	}
}
