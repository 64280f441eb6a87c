package odj

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func TestRandomPassword(t *testing.T) {
	t.Parallel()
	a, errA := RandomPassword(nil)
	b, errB := RandomPassword(nil)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if hexUnits(a) == hexUnits(b) {
		t.Error("two passwords are equal")
	}
	for _, p := range [][]uint16{a, b} {
		if len(p) != 120 {
			t.Errorf("%d characters", len(p))
		}
		for _, u := range p {
			if u <= ' ' || u > '~' {
				t.Errorf("character %#x", u)
			}
		}
	}
}

// TestRandomPasswordIsFair gives every byte once and expects every character equally often.
func TestRandomPasswordIsFair(t *testing.T) {
	t.Parallel()
	var all []byte
	for b := range 256 {
		all = append(all, byte(b))
	}
	seen := map[uint16]int{}
	source := bytes.NewReader(bytes.Repeat(all, 2*94))
	for range 188 { // 120 of 188 usable bytes each; the source holds 188 * 188
		p, err := RandomPassword(source)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range p {
			seen[u]++
		}
	}
	if len(seen) != 94 || seen['!'] == 0 || seen['~'] == 0 {
		t.Errorf("%d characters occur", len(seen))
	}
}

func TestRandomPasswordWithoutRandomness(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	if p, err := RandomPassword(iotest.ErrReader(broken)); !errors.Is(err, broken) || p != nil {
		t.Errorf("%d characters, %v", len(p), err)
	}
	if p, err := RandomPassword(bytes.NewReader(make([]byte, 70))); err == nil || p != nil {
		t.Errorf("%d characters, %v", len(p), err)
	}
}

func TestDefaultPassword(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		password, name string
		want           bool
	}{
		{"web01", "WEB01", true},
		{"WEB01", "WEB01", true},
		{"Web01", "wEB01", true},
		{"büro", "BÜRO", true},
		{"odjpc-15chars-", "ODJPC-15CHARS-X", true},
		{"odjpc-15chars-x", "ODJPC-15CHARS-X", true},
		{"odjpc-15chars", "ODJPC-15CHARS-X", false},
		{"web0", "WEB01", false},
		{"web01$", "WEB01", false},
		{testPassword, "WEB01", false},
	} {
		if got := isDefault(units(c.password), c.name); got != c.want {
			t.Errorf("%q for %q: %v", c.password, c.name, got)
		}
	}
}
