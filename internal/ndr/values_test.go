package ndr

import "testing"

func TestGUIDText(t *testing.T) {
	t.Parallel()
	const text = "631c7621-5289-4321-bc9e-80f843f868c3"
	want := GUID{
		0x21, 0x76, 0x1c, 0x63, 0x89, 0x52, 0x21, 0x43, 0xbc, 0x9e, 0x80, 0xf8, 0x43, 0xf8, 0x68, 0xc3,
	}
	for _, s := range []string{text, "{" + text + "}", "631C7621-5289-4321-BC9E-80F843F868C3"} {
		if got, err := ParseGUID(s); err != nil || got != want || got.String() != text {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{
		"", "{}", "{" + text, text + "0", "631c7621x5289-4321-bc9e-80f843f868c3",
		"g31c7621-5289-4321-bc9e-80f843f868c3", "631c7621-5289-4321-bc9e-80f843f86-c3",
		"631c7621528943210bc9e080f843f868c300",
	} {
		if got, err := ParseGUID(s); err == nil {
			t.Errorf("%q is taken for %v", s, got)
		}
	}
	if (GUID{}).String() != "00000000-0000-0000-0000-000000000000" || !(GUID{}).IsZero() || want.IsZero() {
		t.Error("the zero GUID is not recognized")
	}
}

func TestSIDText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"S-1-5-21-317286889-282676907-1778931283": "",
		"s-1-5-32-544":          "S-1-5-32-544",
		"S-1-0":                 "",
		"S-1-4294967295-1":      "",
		"S-1-0x100000000-7":     "S-1-0x000100000000-7",
		"S-1-0xFFFFFFFFFFFF":    "",
		"S-1-5-0-1-4294967295":  "",
		"S-1-0x0000000000005-1": "S-1-5-1",
		"S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15": "",
	} {
		if want == "" {
			want = in
		}
		got, err := ParseSID(in)
		if err != nil || got.String() != want {
			t.Errorf("%s: %v, %v", in, got, err)
		}
		if again, err := ParseSID(got.String()); err != nil || again != got {
			t.Errorf("%s read again: %v, %v", got, again, err)
		}
	}
	for _, in := range []string{
		"", "S", "S-1", "S-2-5-1", "X-1-5", "S-1-5-", "S-1--5", "S-1-5-4294967296", "S-1-5-x", "S-1-281474976710656",
		"S-1-5-+1", "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
	} {
		if got, err := ParseSID(in); err == nil || got != (SID{}) {
			t.Errorf("%q is taken for %v", in, got)
		}
	}
}

func TestSIDChild(t *testing.T) {
	t.Parallel()
	domain, err := ParseSID("S-1-5-21-1-2-3")
	if err != nil {
		t.Fatal(err)
	}
	account, ok := domain.Child(1103)
	if !ok || account.String() != "S-1-5-21-1-2-3-1103" || domain.String() != "S-1-5-21-1-2-3" {
		t.Errorf("%v in %v, %v", account, domain, ok)
	}
	for range maxSubAuthorities - 5 {
		account, _ = account.Child(0)
	}
	if _, ok := account.Child(1); ok {
		t.Error("a full SID got a child")
	}
}
