package wine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseRegFile(t *testing.T) {
	t.Parallel()
	text := regFileHead + "\r\n[HKEY_LOCAL_MACHINE\\SYSTEM\\Setup]\r\n" +
		"@=\"the default\"\r\n" +
		"\"CmdLine\"=\"C:\\\\x \\\"y\\\" = z\"\r\n" +
		"\"a\\\\b\\\"c=\"=dword:0000000a\r\n" +
		"\"Data\"=hex:01,02,\\\r\n  ff\r\n" +
		"\"None\"=hex(0):\r\n\r\n" +
		"[HKEY_LOCAL_MACHINE\\SYSTEM\\Setup\\Sub]\r\n\"Multi\"=hex(7):41,00,00,00,00,00\r\n"
	const key, sub = System + `\Setup`, System + `\Setup\Sub`
	want := []RegValue{
		SZ(key, "", "the default"),
		SZ(key, "CmdLine", `C:\x "y" = z`),
		DWord(key, `a\b"c=`, 10),
		Binary(key, "Data", []byte{1, 2, 0xFF}),
		{Key: key, Name: "None", Data: []byte{}},
		{Key: sub, Name: "Multi", Type: 7, Data: []byte{0x41, 0, 0, 0, 0, 0}},
	}
	got, err := parseRegFile(utf16File(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRegFileRoundTrip(t *testing.T) {
	t.Parallel()
	const key = System + `\Setup\OfflineJoin`
	want := []RegValue{
		SZ(key, "Text", "straße"), SZ(key, "Empty", ""), DWord(key, "Number", 1<<31), Binary(key, `b"\`, []byte{0, 1, 2}),
		Binary(System, "", []byte{9}),
	}
	got, err := parseRegFile(formatRegFile(nil, want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want[0].Text() != "straße" {
		t.Errorf("Text: %q", want[0].Text())
	}
	if n, ok := want[2].Number(); !ok || n != 1<<31 {
		t.Errorf("Number: %d, %v", n, ok)
	}
}

func TestParseRegFileRefuses(t *testing.T) {
	t.Parallel()
	for _, line := range []string{`x`, `"x`, `"x"`, `"x"=y`, `"x"=hex:0`, `"x"=hex(z):00`, `"x"=hex(3)00`, `"x"=dword:g`} {
		if v, err := parseRegFile(utf16File(regFileHead + line)); err == nil {
			t.Errorf("%s: no error, but %v", line, v)
		}
	}
	if _, err := parseRegFile([]byte("ascii")); err == nil {
		t.Error("ASCII: no error")
	}
}
