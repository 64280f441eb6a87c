package activedirectory

import (
	"encoding/hex"
	"strings"
	"testing"
)

// A descriptor in the form that Samba sends for the control with the owner alone, and a SID of the well-known ones.
const (
	ownerDescriptor = "0100008014000000000000000000000000000000010500000000000515000000c2a69bc5dfb6525952e09931f4010000"
	everyone        = "010100000000000100000000"
)

func decoded(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOwnerOf(t *testing.T) {
	t.Parallel()
	good := decoded(t, ownerDescriptor)
	if sid, err := ownerOf(good); err != nil || sid != "S-1-5-21-3315312322-1498592991-832168018-500" {
		t.Errorf("%q, %v", sid, err)
	}
	if sid, err := sidText(decoded(t, everyone)); err != nil || sid != "S-1-1-0" {
		t.Errorf("%q, %v", sid, err)
	}
	if sid, err := sidText(decoded(t, "0101ffffffffffff01000000")); err != nil || sid != "S-1-0xFFFFFFFFFFFF-1" {
		t.Errorf("%q, %v", sid, err)
	}
	for i := range good {
		if _, err := ownerOf(good[:i]); err == nil {
			t.Errorf("%d of %d bytes are a descriptor", i, len(good))
		}
	}
	changed := func(at int, b ...byte) []byte {
		c := decoded(t, ownerDescriptor)
		copy(c[at:], b)
		return c
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"other revision":         {changed(0, 2), "no security descriptor"},
		"no owner":               {changed(4, 0, 0, 0, 0), "names no owner"},
		"owner in the header":    {changed(4, 4, 0, 0, 0), "names no owner"},
		"owner behind the end":   {changed(4, 0xFF, 0xFF, 0xFF, 0xFF), "names no owner"},
		"owner cut off":          {changed(4, 44, 0, 0, 0), "no SID"},
		"sixteen authorities":    {changed(21, 16), "no SID"},
		"more than there are":    {changed(21, 6), "no SID"},
		"other revision of SIDs": {changed(20, 9), "no SID"},
	} {
		if _, err := ownerOf(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBinaryGUID(t *testing.T) {
	t.Parallel()
	if got, err := binaryGUID(decoded(t, "21761c6389522143bc9e80f843f868c3")); err != nil || got != "631c7621-5289-4321-bc9e-80f843f868c3" {
		t.Errorf("%q, %v", got, err)
	}
	if dn, err := guidDN("631C7621-5289-4321-bc9e-80f843f868c3"); err != nil || dn != "<GUID=631c7621-5289-4321-bc9e-80f843f868c3>" {
		t.Errorf("%q, %v", dn, err)
	}
	for _, bad := range []string{"", "631c7621", "631c7621-5289-4321-bc9e-80f843f868c3,DC=x", "631c7621-5289-4321-bc9e-80f843f868c>", strings.Repeat("-", 36)} {
		if _, err := guidDN(bad); err == nil {
			t.Errorf("%q is a GUID", bad)
		}
	}
}

// Whatever a controller sends as a descriptor, its owner is a SID that stands in it, or there is none.
func FuzzOwnerOf(f *testing.F) {
	f.Add(decoded(f, ownerDescriptor))
	f.Add(decoded(f, everyone))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		sid, err := ownerOf(data)
		if (err == nil) != (sid != "") || err == nil && (!strings.HasPrefix(sid, "S-1-") || len(data) < descriptorHeader+sidHeader) {
			t.Errorf("%q, %v", sid, err)
		}
	})
}
