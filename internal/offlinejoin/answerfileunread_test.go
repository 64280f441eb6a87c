package offlinejoin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestUnstageOfAnAnswerFileThatCannotBeRead takes out of it what can be told to be the join's password, or says what stays and
// keeps the record for it; all else of the join goes, and a file that is corrected or removed later ends it.
func TestUnstageOfAnAnswerFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	wide := func(text string) string { // as UTF-16
		out := "\xFF\xFE"
		for _, c := range []byte(text) {
			out += string([]byte{c, 0})
		}
		return out
	}
	for name, c := range map[string]struct {
		before string // "": the file is made for the join
		spoil  func(content, account string) string
		says   string
		stays  bool // the join, with its record
	}{
		"a tag that is not closed": {
			"", func(content, _ string) string { return strings.Replace(content, "</settings>", "", 1) }, "was taken out of it, and all else in it stays", false,
		},
		"of the user's": {
			userAnswerFile, func(content, _ string) string { return content + "<!-- " }, "was taken out of it, and all else in it stays", false,
		},
		"in UTF-16": {
			"", func(content, _ string) string { return wide(content + "</x>") }, "was taken out of it, and all else in it stays", false,
		},
		"without the join": {
			"", func(string, string) string { return "<unattend><settings>" }, "does not hold the password of the join", false,
		},
		"cut off in the password": {
			"", func(content, account string) string { return content[:strings.Index(content, account)+len(account)/2] },
			"may still hold the machine's password, or a part of it", true,
		},
		"with what the join replaced": {
			strings.Replace(userAnswerFile, "<TimeZone>", "<ComputerName>OLD</ComputerName><TimeZone>", 1),
			func(content, _ string) string { return content + "</x>" }, "by which alone what the join had replaced can be put back", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, path := generalized(t)
			if c.before != "" {
				putAnswerFile(t, path, c.before)
			}
			req.OnExisting = OnExistingReplace
			if _, err := Stage(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			account := accountData(t, "WEB01")
			spoiled := c.spoil(string(readFile(t, path)), account)
			putAnswerFile(t, path, spoiled)
			left := filepath.Join(filepath.Dir(path), "odjxml.tmp") // of a run that was killed
			putAnswerFile(t, left, account)
			at := ImageAt(req.Image.WindowsPath)
			st, err := ReadStatus(t.Context(), StatusRequest{Image: at})
			if err != nil || st.State != StateStaged || !strings.Contains(st.Detail, "the answer file is not ") || !st.Incomplete {
				t.Fatalf("status %+v, %v", st, err)
			}
			receipt, err := Unstage(t.Context(), UnstageRequest{Image: at})
			if _, lost := os.Stat(left); lost == nil {
				t.Error("what a killed run had left is still there")
			}
			if !c.stays {
				if err != nil || receipt.Status.State != StateAbsent || !strings.Contains(strings.Join(receipt.Warnings, " "), c.says) {
					t.Fatalf("%+v, %v", receipt, err)
				}
				now := string(readFile(t, path))
				if holds(t, req.Image.WindowsPath, "WEB01") || strings.Contains(strings.ReplaceAll(now, "\x00", ""), account) {
					t.Error("the image still holds the secret")
				}
				want := strings.Replace(spoiled, account, "", 1)
				if strings.HasPrefix(spoiled, "\xFF\xFE") {
					want = strings.Replace(spoiled, wide(account)[2:], "", 1)
				}
				if now != want {
					t.Errorf("more was changed than the secret:\n%q", now)
				}
				return
			}
			wantCode(t, err, winerr.InvalidParameter, c.says)
			wantCode(t, err, winerr.InvalidParameter, "stays in its answer file, with its record, and all else of it is taken back")
			if string(readFile(t, path)) != spoiled {
				t.Error("the file was changed")
			}
			if st, err := ReadStatus(t.Context(), StatusRequest{Image: at}); err != nil || st.State != StateStaged {
				t.Errorf("status %+v, %v", st, err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if receipt, err = Unstage(t.Context(), UnstageRequest{Image: at}); err != nil || receipt.Status.State != StateAbsent {
				t.Errorf("after the file was removed: %+v, %v", receipt, err)
			}
		})
	}
}
