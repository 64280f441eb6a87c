package offlinejoin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

const userAnswerFile = `<?xml version='1.0' encoding="utf-8"?>
<!-- made by the build -->
<unattend xmlns="urn:schemas-microsoft-com:unattend" xmlns:wcm="http://schemas.microsoft.com/WMIConfig/2002/State">
	<settings pass="oobeSystem"></settings>
	<settings pass="specialize">
		<component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35"
			language="neutral" versionScope="nonSxS"><TimeZone>UTC</TimeZone></component>
	</settings>
</unattend>
`

func generalized(t *testing.T) (req Request, answerFile string) {
	t.Helper()
	req = newImage(t, sample.Image{ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"})
	return req, filepath.Join(req.Image.WindowsPath, "Panther", "unattend.xml")
}

// putAnswerFile writes an answer file where Setup finds it.
func putAnswerFile(t *testing.T, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func accountData(t *testing.T, machine string) string {
	t.Helper()
	return base64.StdEncoding.EncodeToString(testBlob(t, machine).Bytes())
}

func TestAnswerFileIsMadeAndTakenAway(t *testing.T) {
	t.Parallel()
	req, path := generalized(t)
	plan, err := Plan(t.Context(), req)
	if err != nil || plan.Method != MethodAnswerFile || plan.Outcome != OutcomePlanned {
		t.Fatalf("plan %+v, %v", plan, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("planning has written an answer file")
	}
	receipt, err := Stage(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readFile(t, path)), "<AccountData>"+accountData(t, "WEB01")+"</AccountData>") {
		t.Error("the answer file does not hold the account data")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the answer file: %v, %v", info.Mode(), err)
	}
	if st := receipt.Status; st.State != StateStaged || st.Method != MethodAnswerFile || st.Detail != "" {
		t.Errorf("status %+v", st)
	}
	told, err := json.Marshal(receipt)
	if err != nil || len(secretsOf(t, "WEB01").In(told)) > 0 {
		t.Errorf("the receipt tells the secret: %v", err)
	}
	if found, _, err := secretsOf(t, "WEB01").InTree(filepath.Join(req.Image.WindowsPath, "System32"), nil); err != nil || len(found) > 0 {
		t.Errorf("the secret is elsewhere too: %v, %v", found, err)
	}

	again, err := Stage(t.Context(), req)
	if err != nil || again.Outcome != OutcomeUnchanged {
		t.Errorf("staged again: %+v, %v", again, err)
	}
	back, err := Unstage(t.Context(), UnstageRequest{Image: ImageAt(req.Image.WindowsPath)})
	if err != nil || back.Status.State != StateAbsent {
		t.Fatalf("unstaged: %+v, %v", back, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the answer file is still there:", err)
	}
	if holds(t, req.Image.WindowsPath, "WEB01") {
		t.Error("the image still holds the secret")
	}
}

func TestAnswerFileGetsItsBytesBack(t *testing.T) {
	t.Parallel()
	req, path := generalized(t)
	putAnswerFile(t, path, userAnswerFile)
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}

	// Another join: refused, kept, or in the place of the first.
	other := req
	other.Blob = readBlob(t, testBlob(t, "WEB02").Bytes())
	_, err := Stage(t.Context(), other)
	wantCode(t, err, winerr.CantCreateJoinInfo, "already holds")
	other.OnExisting = OnExistingKeep
	if r, err := Stage(t.Context(), other); err != nil || r.Outcome != OutcomeKept {
		t.Errorf("kept: %+v, %v", r, err)
	}
	other.OnExisting = OnExistingReplace
	planned, err := Plan(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	replaced, err := Stage(t.Context(), other)
	if err != nil || replaced.Status.MachineName != "WEB02" {
		t.Fatalf("replaced: %+v, %v", replaced, err)
	}
	if len(planned.Changes) != len(replaced.Changes) {
		t.Errorf("%d changes were planned, %d made", len(planned.Changes), len(replaced.Changes))
	}
	now := string(readFile(t, path))
	if !strings.Contains(now, accountData(t, "WEB02")) || strings.Contains(now, accountData(t, "WEB01")) {
		t.Error("the answer file does not hold the second join alone")
	}

	if _, err := Unstage(t.Context(), UnstageRequest{Image: ImageAt(req.Image.WindowsPath)}); err != nil {
		t.Fatal(err)
	}
	if got := string(readFile(t, path)); got != userAnswerFile {
		t.Errorf("the answer file is not what it was:\n%s", got)
	}
}

// TestAnswerFileOutcomes tells what Windows Setup has made of a join, by what the image says afterwards.
func TestAnswerFileOutcomes(t *testing.T) {
	t.Parallel()
	edited := func(old, new string) func(*testing.T, string) {
		return func(t *testing.T, windows string) {
			t.Helper()
			path := filepath.Join(windows, "Panther", "unattend.xml")
			content, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(content), old) {
				t.Fatalf("%q is not in there: %v", old, err)
			}
			putAnswerFile(t, path, strings.Replace(string(content), old, new, 1))
		}
	}
	member := func(t *testing.T, windows string) {
		t.Helper()
		changeHive(t, windows, "SECURITY", joinCorp)
	}
	for _, c := range []struct {
		name       string
		imageState string
		change     func(t *testing.T, windows string)
		want       State
		says       string
	}{
		{"waits", "", nil, StateStaged, ""},
		{"joined", "IMAGE_STATE_COMPLETE", member, StateCompleted, "has joined"},
		{"not joined", "IMAGE_STATE_COMPLETE", nil, StateFailed, "no member of corp.example.com"},
		{"specialized", "IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE", nil, StateFailed, "setupact.log"},
		{"file changed", "", func(t *testing.T, windows string) {
			putAnswerFile(t, filepath.Join(windows, "Panther", "unattend.xml"), userAnswerFile)
		}, StateStaged, "stage it again"},
		{"commented", "", edited("<AccountData>", "<!-- ours --><AccountData>"), StateStaged, ""},
		{"name changed", "", edited("<ComputerName>WEB01<", "<ComputerName>WEB02<"), StateStaged, "another name"},
		{"name removed", "", edited("<ComputerName>WEB01</ComputerName>", ""), StateStaged, "another name"},
		{"blob wrapped", "", edited("<AccountData>", "<AccountData>\n"), StateStaged, "blanks"},
		{"pass marked", "", edited(`pass="specialize"`, `pass="specialize" wasPassProcessed="true"`), StateStaged, "marked as used"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			req, _ := generalized(t)
			if _, err := Stage(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			if c.imageState != "" {
				changeHive(t, req.Image.WindowsPath, "SOFTWARE", func(h *regf.Hive) error {
					return setText(`Microsoft\Windows\CurrentVersion\Setup\State`, "ImageState", c.imageState).apply(h)
				})
			}
			if c.change != nil {
				c.change(t, req.Image.WindowsPath)
			}
			st, err := ReadStatus(t.Context(), StatusRequest{Image: ImageAt(req.Image.WindowsPath)})
			if incomplete := c.want == StateStaged && c.says != ""; err != nil || st.State != c.want || !strings.Contains(st.Detail, c.says) ||
				st.Incomplete != incomplete || (st.Detail == "") != (c.says == "") {
				t.Errorf("status %+v, %v", st, err)
			}
		})
	}
}

// wrapped is an opener whose sessions are changed.
func wrapped(wrap func(imagefs.Session) imagefs.Session) imagefs.Opener {
	return func(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
		s, err := open.Image(ctx, at, mode)
		if err != nil {
			return nil, err
		}
		return wrap(s), nil
	}
}

// readOnlyXML is an image in which no answer file can be written.
type readOnlyXML struct{ imagefs.Session }

func (f readOnlyXML) Create(name string) (imagefs.File, error) {
	if strings.HasPrefix(name, "Windows/Panther") {
		return nil, winerr.Errorf(winerr.AccessDenied, "%s cannot be written", f.Path(name))
	}
	return f.Session.Create(name)
}

func TestAnswerFileThatCannotBeWrittenLeavesNoRecord(t *testing.T) {
	t.Parallel()
	req, path := generalized(t)
	putAnswerFile(t, path, userAnswerFile)
	req.Image.Open = wrapped(func(s imagefs.Session) imagefs.Session { return readOnlyXML{s} })
	_, err := Stage(t.Context(), req)
	wantCode(t, err, winerr.AccessDenied, "Nothing was written")
	st, err := ReadStatus(t.Context(), StatusRequest{Image: ImageAt(req.Image.WindowsPath)})
	if err != nil || st.State != StateAbsent {
		t.Errorf("status %+v, %v", st, err)
	}
	if string(readFile(t, path)) != userAnswerFile {
		t.Error("the answer file has changed")
	}
}

// unsyncedXML is a tree in which an answer file is written and then cannot be made durable.
type unsyncedXML struct {
	imagefs.Session
	failed bool
}

func (f *unsyncedXML) SyncDir(name string) error {
	if name == "Windows/Panther" && !f.failed {
		f.failed = true
		return winerr.Errorf(winerr.DiskFull, "%s cannot be synced", f.Path(name))
	}
	return f.Session.SyncDir(name)
}

func TestAnswerFileThatStoppedHalfWayIsTakenOut(t *testing.T) {
	t.Parallel()
	req, path := generalized(t)
	putAnswerFile(t, path, userAnswerFile)
	req.Image.Open = wrapped(func(s imagefs.Session) imagefs.Session { return &unsyncedXML{Session: s} })
	_, err := Stage(t.Context(), req)
	wantCode(t, err, winerr.DiskFull)
	if got := string(readFile(t, path)); got != userAnswerFile {
		t.Errorf("the answer file is not what it was:\n%s", got)
	}
	if holds(t, req.Image.WindowsPath, "WEB01") {
		t.Error("the secret is left in the image")
	}
}

// TestAnswerFileIsNotForgotten boots an image whose join fails, and stages another into the installed Windows.
func TestAnswerFileIsNotForgotten(t *testing.T) {
	t.Parallel()
	req, path := generalized(t)
	putAnswerFile(t, path, userAnswerFile)
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	changeHive(t, req.Image.WindowsPath, "SOFTWARE", func(h *regf.Hive) error {
		return setText(`Microsoft\Windows\CurrentVersion\Setup\State`, "ImageState", "IMAGE_STATE_COMPLETE").apply(h)
	})
	other := req
	other.Blob, other.OnExisting = readBlob(t, testBlob(t, "WEB02").Bytes()), OnExistingReplace
	_, err := Stage(t.Context(), other)
	wantCode(t, err, winerr.CantCreateJoinInfo, "staged into its answer file")
	if _, err := Unstage(t.Context(), UnstageRequest{Image: ImageAt(req.Image.WindowsPath)}); err != nil {
		t.Fatal(err)
	}
	if holds(t, req.Image.WindowsPath, "WEB01") {
		t.Error("the first join's secret is left in the image")
	}
	if _, err := Stage(t.Context(), other); err != nil {
		t.Fatal(err)
	}
}
