package offlinejoin

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAnswerFilesAfterStaging: the status sees an answer file that came to stand before ours, and a join that was moved or copied to
// another one; unstage takes it out wherever it is.
func TestAnswerFilesAfterStaging(t *testing.T) {
	t.Parallel()
	const empty = `<unattend xmlns="urn:schemas-microsoft-com:unattend"></unattend>`
	early := func(windows string) string { return filepath.Join(windows, "Panther", "Unattend", "Unattend.xml") }
	late := func(windows string) string { return filepath.Join(windows, "System32", "Sysprep", "Unattend.xml") }
	move := func(t *testing.T, from, to string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Rename(from, to)); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		before string // the user's answer file
		change func(t *testing.T, windows, ours string)
		says   string
		makes  bool // the join all the same
		back   string
	}{
		"one that comes first": {
			"", func(t *testing.T, windows, _ string) { putAnswerFile(t, early(windows), userAnswerFile) },
			"is not the one that Windows Setup takes, which is", false, "",
		},
		"one that comes first, without the pass": {
			"", func(t *testing.T, windows, _ string) { putAnswerFile(t, early(windows), empty) }, "", true, "",
		},
		"one that comes later": {
			"", func(t *testing.T, windows, _ string) { putAnswerFile(t, late(windows), userAnswerFile) }, "", true, "",
		},
		"two of one place": {
			"", func(t *testing.T, windows, _ string) {
				putAnswerFile(t, early(windows), userAnswerFile)
				putAnswerFile(t, filepath.Join(filepath.Dir(early(windows)), "Autounattend.xml"), userAnswerFile)
			},
			"may not be the one that Windows Setup takes", false, "",
		},
		"moved to an earlier place": {
			"", func(t *testing.T, windows, ours string) { move(t, ours, early(windows)) }, "the join was moved to the answer file", true, "moved to",
		},
		"moved to a later place": {
			userAnswerFile, func(t *testing.T, windows, ours string) { move(t, ours, late(windows)) }, "the join was moved to the answer file", true, "moved to",
		},
		"moved, and another in its place": {
			"", func(t *testing.T, windows, ours string) {
				move(t, ours, late(windows))
				putAnswerFile(t, ours, userAnswerFile)
			},
			"is not the one that Windows Setup takes, which is", false, "moved to",
		},
		"copied": {
			userAnswerFile, func(t *testing.T, windows, ours string) { putAnswerFile(t, late(windows), string(readFile(t, ours))) }, "", true, "was taken out there",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, path := generalized(t)
			if c.before != "" {
				putAnswerFile(t, path, c.before)
			}
			if _, err := Stage(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			c.change(t, req.Image.WindowsPath, path)
			st := statusOf(t, req)
			if st.State != StateStaged || !strings.Contains(st.Detail, c.says) || (st.Detail == "") != (c.says == "") || st.Incomplete == c.makes {
				t.Errorf("%s, incomplete %v: %q, want %q", st.State, st.Incomplete, st.Detail, c.says)
			}
			again, err := Plan(t.Context(), req)
			if c.makes && (err != nil || again.Outcome != OutcomeUnchanged) {
				t.Errorf("planned again: %+v, %v", again, err)
			}
			if strings.Contains(c.says, "which is") { // staged again, it is where Setup looks
				receipt, err := Stage(t.Context(), req)
				if err != nil || receipt.Outcome != OutcomeStaged || receipt.Status.Detail != "" {
					t.Errorf("staged again: %+v, %v", receipt, err)
				}
				c.back = ""
			}
			receipt, err := Unstage(t.Context(), UnstageRequest{Image: ImageAt(req.Image.WindowsPath)})
			if err != nil || receipt.Status.State != StateAbsent || !strings.Contains(strings.Join(receipt.Warnings, " "), c.back) {
				t.Fatalf("%+v, %v", receipt, err)
			}
			if holds(t, req.Image.WindowsPath, "WEB01") {
				t.Error("the image still holds the secret")
			}
			if _, err := os.Stat(path); c.before == "" && !strings.Contains(name, "another") && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the file that was made for the join: %v", err)
			}
		})
	}
}
