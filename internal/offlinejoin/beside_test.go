package offlinejoin

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// joinOfOthers is an answer file that asks for a membership with a name and a password.
const joinOfOthers = `<?xml version='1.0' encoding="utf-8"?>
<unattend xmlns="urn:schemas-microsoft-com:unattend">
	<settings pass="specialize">
		<component name="Microsoft-Windows-UnattendedJoin" processorArchitecture="amd64"
			publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">
			<Identification><JoinDomain>other.example.com</JoinDomain></Identification>
		</component>
	</settings>
</unattend>
`

// A join of others that is pending beside a staged one is told by status, plan and stage, and changes nothing of ours.
func TestAJoinBesideOursIsTold(t *testing.T) {
	t.Parallel()
	edit := func(key string) func(*testing.T, Request) string {
		return func(t *testing.T, req Request) string {
			sampletest.Edit(t, req.Image.WindowsPath, "SYSTEM", func(h *regf.Hive) error {
				_, _, err := h.CreateKey(key, nil)
				if err != nil {
					return err
				}
				k, err := h.Key(key)
				if err != nil {
					return err
				}
				return k.SetValue("Pending", regf.SZ, regf.TextData("x"))
			})
			return `SYSTEM\` + key
		}
	}
	for name, c := range map[string]struct {
		image  sample.Image
		happen func(*testing.T, Request) string // returns what is found
	}{
		"a later DJOIN key":             {happen: edit(`Setup\DJOIN`)},
		"what Windows itself leaves":    {happen: edit(`ControlSet001\Services\Netlogon\JoinDomain`)},
		"a key of the security package": {happen: edit(`ControlSet001\Control\Lsa\OfflineJoin`)},
		"an answer file that Setup prefers": {
			image: sample.Image{ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"},
			happen: func(t *testing.T, req Request) string {
				path := filepath.Join(req.Image.WindowsPath, "Panther", "Unattend", "Unattend.xml")
				putAnswerFile(t, path, joinOfOthers)
				return path
			},
		},
		"generalized after staging, with an answer file": {
			happen: func(t *testing.T, req Request) string {
				sampletest.Edit(t, req.Image.WindowsPath, "SOFTWARE", func(h *regf.Hive) error {
					k, err := h.Key(`Microsoft\Windows\CurrentVersion\Setup\State`)
					if err != nil {
						return err
					}
					return k.SetValue("ImageState", regf.SZ, regf.TextData("IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"))
				})
				path := filepath.Join(req.Image.WindowsPath, "Panther", "unattend.xml")
				putAnswerFile(t, path, joinOfOthers)
				return path
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := newImage(t, c.image)
			if _, err := Stage(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			if st := statusOf(t, req); len(st.Notices()) > 0 {
				t.Fatalf("before: %q", st.Notices())
			}
			where := c.happen(t, req)
			st := statusOf(t, req)
			if st.State != StateStaged || !slices.Equal(st.Beside, []string{where}) || st.Detail != "" {
				t.Fatalf("status %s, beside %q, detail %q; want %q", st.State, st.Beside, st.Detail, where)
			}
			if name == "generalized after staging, with an answer file" {
				return // what takes no such join any more
			}
			for word, do := range map[string]func() (*Receipt, error){
				"plan":  func() (*Receipt, error) { return Plan(t.Context(), req) },
				"stage": func() (*Receipt, error) { return Stage(t.Context(), req) },
			} {
				receipt, err := do()
				if err != nil || receipt.Outcome != OutcomeUnchanged {
					t.Fatalf("%s: %+v, %v", word, receipt, err)
				}
				if all := strings.Join(receipt.Warnings, "\n"); !strings.Contains(all, where) {
					t.Errorf("%s warns\n%s\nwithout %s", word, all, where)
				}
			}
			if _, err := Unstage(t.Context(), UnstageRequest{Image: req.Image}); err != nil {
				t.Error(err)
			}
		})
	}
}

// An answer file that holds our own join, or none, is nobody else's.
func TestOurOwnAnswerFileIsNotBeside(t *testing.T) {
	t.Parallel()
	req, path := generalized(t)
	putAnswerFile(t, path, userAnswerFile)
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if st := statusOf(t, req); len(st.Beside) > 0 {
		t.Errorf("beside: %q", st.Beside)
	}
	putAnswerFile(t, path, joinOfOthers) // in the place of ours: the status says that it is not there any more
	if st := statusOf(t, req); len(st.Beside) > 0 || st.Detail == "" {
		t.Errorf("beside %q, detail %q", st.Beside, st.Detail)
	}
}
