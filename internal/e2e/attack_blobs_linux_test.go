package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/canary"
)

// blobAttacks changes every text of a blob by hand, as one that makes blobs could, and has every command show it that shows
// blobs.
func blobAttacks(t *testing.T, p programs) {
	a := newAttacked(t, p)
	good := newBlob(t)
	raw := good.Bytes()
	a.search = canary.ForBlob(raw, good.MachinePassword())
	windows := sampleImage(t, filepath.Join(a.dir, "image"))
	blob := filepath.Join(a.dir, "hostile.djoin")
	join := filepath.Join(a.dir, "x.join.hcl")
	must(t, os.WriteFile(join, fmt.Appendf(nil, "join \"a\" {\n  windows_path = %q\n  blob_file = %q\n}\n", windows, blob), 0o600))
	report, page := filepath.Join(a.dir, "report.json"), filepath.Join(a.dir, "report.html")

	units := map[string][]uint16{
		"ESC": {0x1B, '[', '2', 'J'}, "CR": {'\r'}, "LF": {'\n'}, "NUL": {0}, "C1": {0x9B}, "right to left": {0x202E},
		"a lone surrogate": {0xD800}, "a tag": utf16.Encode([]rune("<script")), "quotes": utf16.Encode([]rune(`"'&<>`)),
		"a path": utf16.Encode([]rune(`..\..\`)), "a template": utf16.Encode([]rune("${x}{{")), "line separator": {0x2028},
	}
	var count tally
	accepted, places := map[string]int{}, 0
	password := string(utf16.Decode(good.MachinePassword()))
	for i, at := range textsOf(raw) {
		if strings.Contains(password, at.text) { // any text is one, and none of it is shown
			continue
		}
		places++
		k := 0
		for what, text := range units {
			if k++; (i+k)%long(1, 6) != 0 {
				continue
			}
			bad := bytes.Clone(raw)
			for j, unit := range text {
				if to := at.at + 2*j; j < at.units {
					bad[to], bad[to+1] = byte(unit), byte(unit>>8)
				}
			}
			must(t, os.WriteFile(blob, []byte(base64.StdEncoding.EncodeToString(bad)), 0o600))
			count.add(a.run(t, "inspect", "blob", blob))
			count.add(a.run(t, "inspect", "blob", blob, "--json"))
			staged := a.run(t, "stage", "--windows-path", windows, "--blob-file", blob)
			count.add(staged)
			if staged.code == 0 {
				if strings.HasPrefix(at.text, "S-1-") { // one that cannot be read is a finding, and no refusal
					what += " in a SID"
				}
				accepted[what]++
				for _, args := range [][]string{
					{"status", "--windows-path", windows},
					{"inspect", "image", windows},
					{"plan", join, "--details"},
					{"apply", join, "--yes", "--report", report, "--report", page},
				} {
					count.add(a.run(t, args...))
				}
				noMarkup(t, page)
				count.add(a.run(t, "unstage", "--windows-path", windows))
			}
			if t.Failed() {
				t.Fatalf("%s at %#x (%q)", what, at.at, at.text)
			}
		}
	}
	a.safe(t)
	wellAfterwards(t, a, windows)
	if len(accepted) == 0 || accepted["ESC"] > 0 || accepted["CR"] > 0 || accepted["NUL"] == count.good {
		t.Errorf("accepted: %v", accepted)
	}
	seen(t, fmt.Sprintf("%d texts of a blob changed by hand in %d ways", places, len(units)),
		"refused, or shown as plain text everywhere; no markup in the page", fmt.Sprintf("%s; staged: %v", &count, accepted))
}

// textIn is where a text is in a blob.
type textIn struct {
	at, units int
	text      string
}

// textsOf finds the UTF-16 texts of a blob that name something.
func textsOf(raw []byte) []textIn {
	var found []textIn
	for at := 0; at+1 < len(raw); at += 2 {
		n := 0
		var text strings.Builder
		for at+2*n+1 < len(raw) && raw[at+2*n+1] == 0 && raw[at+2*n] >= 0x20 && raw[at+2*n] < 0x7F {
			text.WriteByte(raw[at+2*n])
			n++
		}
		const least = 4
		if n >= least {
			found = append(found, textIn{at, n, text.String()})
		}
		at += 2 * n
	}
	return found
}

// noMarkup fails the test when a page has a tag from a blob.
func noMarkup(t *testing.T, page string) {
	t.Helper()
	content, err := os.ReadFile(page)
	must(t, err)
	if n := bytes.Count(content, []byte("<script")); n != 1 { // its own
		t.Errorf("%s has %d scripts", page, n)
	}
	must(t, os.Remove(page))
}
