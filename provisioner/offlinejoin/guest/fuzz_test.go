package guest

import (
	"math"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// checkEntries fails unless all that was read can be used: names of one step, sizes and links that are not negative. An
// error must be safe to show.
func checkEntries(t *testing.T, entries []remotedir.Entry, err error, separators string) {
	t.Helper()
	if err != nil && !plaintext.Safe(err.Error()) {
		t.Fatalf("the error is not safe to show: %q", err)
	}
	if err != nil && entries != nil {
		t.Fatalf("%d entries beside the error %v", len(entries), err)
	}
	for _, e := range entries {
		if e.Name == "" || e.Name == "." || e.Name == ".." || strings.ContainsAny(e.Name, separators+"\x00") {
			t.Fatalf("name %q", e.Name)
		}
		if e.Size < 0 || e.Links < 0 || e.Links > math.MaxInt32 {
			t.Fatalf("%+v", e)
		}
	}
}

// FuzzPosixList reads what a hostile image makes posix/list.sh print.
func FuzzPosixList(f *testing.F) {
	f.Add("81a4 12288 1 /mnt/web01/Windows/System32/config/SYSTEM\n41ed 4096 2 /mnt/web01/Windows/System32\n")
	f.Add("a1ff 3 1 /mnt/a b\n")
	f.Add("81a4 5 1 /mnt/\x1b]0;x\x07\u202e\n")
	f.Add("81a4 -5 1 /mnt/x\n")
	f.Add("81a4 5 1 ..\n")
	f.Add("stat: cannot read\n")
	f.Fuzz(func(t *testing.T, out string) {
		entries, err := parsePosixList(out)
		checkEntries(t, entries, err, "/")
		if lines := strings.Count(out, "\n") + 1; len(entries) > lines {
			t.Fatalf("%d entries of %d lines", len(entries), lines)
		}
	})
}

// FuzzWindowsList reads what a hostile image makes powershell/list.ps1 print.
func FuzzWindowsList(f *testing.F) {
	f.Add("32 12288 U1lTVEVN\n16 0 Y29uZmln\n1040 0 bGluaw==\n")
	f.Add("32 1 Li4=\n")   // ..
	f.Add("32 1 YVxi\n")   // a\b
	f.Add("32 1 YQBiCg==") // a NUL b
	f.Add("4294967296 1 YQ==\n32 9223372036854775808 YQ==\n")
	f.Add("WARNING: three words\n\n32 1\n")
	f.Add("in 0 /L1N5c3RlbTMy\n32 12288 U1lTVEVN\nin 1 /\n32 1 Li4=\n")
	f.Add("File=3\nH4sIAAAAAAAA/0tMSgYAwkEkNQMAAAA=\nFile=-\n")
	f.Fuzz(func(t *testing.T, out string) {
		entries, err := parseWindowsList(out)
		checkEntries(t, entries, err, `/\`)
		all, err := parseWindowsLists(out)
		checkEntries(t, nil, err, `/\`)
		for _, l := range all {
			checkEntries(t, l.Entries, nil, `/\`)
		}
		const limit = 1 << 20
		files, err := parseWindowsFetches(out, 2, limit)
		checkEntries(t, nil, err, `/\`)
		for _, content := range files {
			if len(content) > limit {
				t.Fatalf("%d bytes", len(content))
			}
		}
	})
}

// FuzzDigests reads digests of both kinds of guest: each is a SHA-256 or "", and no line gives two.
func FuzzDigests(f *testing.F) {
	const sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	f.Add(sum + "  -\n-\n" + sum + " *stdin\n")
	f.Add("Sum=" + sum + "\nSum=\n")
	f.Add("Sum=" + strings.ToUpper(sum) + "\nsum=" + sum + "\n" + sum + "0\n")
	f.Fuzz(func(t *testing.T, out string) {
		lines := strings.Count(out, "\n") + 1
		for _, sums := range [][]string{parsePosixDigests(out), parseWindowsDigests(out)} {
			if len(sums) > lines {
				t.Fatalf("%d digests of %d lines", len(sums), lines)
			}
			for _, s := range sums {
				if s != "" && (len(s) != 64 || strings.Trim(s, "0123456789abcdef") != "") {
					t.Fatalf("digest %q", s)
				}
			}
		}
	})
}

// FuzzFailure reads how scripts and commands say that they failed: whatever becomes of it is safe to show and short.
func FuzzFailure(f *testing.F) {
	f.Add("offlinejoin failed 5 Access to the path 'D:\\x' is denied.\n", 1)
	f.Add("offlinejoin failed \x1b[2J 5\r\n", 1)
	f.Add("offlinejoin failed 9999 \x1b]0;EVIL\x07\u202e"+strings.Repeat("ü", 400), 1)
	f.Add("mv: cannot move: No space left on device\nand more\x00", 1)
	f.Add("sh: \x9b31m: not found", 127)
	f.Fuzz(func(t *testing.T, out string, code int) {
		for _, err := range []error{
			windowsError(parseFailure(out), result{code: code, stderr: oneLine(out)}),
			result{code: code, stderr: oneLine(out)}.failed(),
		} {
			if err == nil && code != 0 {
				t.Fatalf("code %d is no error", code)
			}
			if err != nil && !plaintext.Safe(err.Error()) {
				t.Fatalf("not safe to show: %q", err)
			}
			const frame = 60 // of our own words
			if err != nil && len([]rune(err.Error())) > plaintext.Name+frame {
				t.Fatalf("%d characters: %q", len([]rune(err.Error())), err)
			}
		}
		if line := lineOf(out, "Size="); strings.Contains(line, "\n") {
			t.Fatalf("two lines: %q", line)
		}
	})
}
