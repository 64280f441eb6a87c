package compat_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/compat"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// wantInForce are the uses that the ledger keeps from other images, oldest first, by machine, event and image.
func wantInForce() []use {
	const images = "/srv/compat/images/"
	return []use{
		{MachineName: "WEB01", Event: "staged", WindowsPath: "/mnt/web01/Windows"}, // file:
		{MachineName: "WEB02", Event: "staged", WindowsPath: "/mnt/web02/Windows"}, // path:
		{MachineName: "WEB03", Event: "staged", WindowsPath: images + "web03/Windows"},
		{MachineName: "WEB04", Event: "staged", WindowsPath: images + "web04/Windows"},
		{MachineName: "WEB05", Event: "staged", WindowsPath: images + "web05/Windows"},
		{MachineName: "WEB06", Event: "staged", WindowsPath: images + "web06/Windows"},
		{MachineName: "WEB07", Event: "staged", WindowsPath: images + "web07/Windows"},
		{MachineName: "APP01", Event: "staged", WindowsPath: images + "app01/Windows"},
		{MachineName: "APP02", Event: "staged", WindowsPath: images + "app02/Windows"},
		{MachineName: "APP04", Event: "staged", WindowsPath: images + "app04/Windows"},
		{MachineName: "APP05", Event: "staged", WindowsPath: images + "app05/Windows"},
		{MachineName: "APP03", Event: "completed", WindowsPath: images + "app03/Windows"},
		{MachineName: "WEB08", Event: "staged", WindowsPath: images + "web08/Windows"},
		{MachineName: "WEB08", Event: "staged", WindowsPath: images + "web08-again/Windows", ReuseReason: "web08 is rebuilt"},
		{MachineName: "WEB11", Event: "intent", WindowsPath: images + "web11/Windows"},  // a stage that was killed
		{MachineName: "WEB13", Event: "staged", WindowsPath: "192.0.2.20:/mnt/Windows"}, // target:
	}
}

func TestLedgerIsRead(t *testing.T) {
	t.Parallel()
	got := inForce(t, ledgerWith(t, nil))
	for i := range got {
		if got[i].ID == "" || got[i].Fingerprint == "" || got[i].AccountSID == "" || got[i].Host != "buildhost" {
			t.Errorf("the entry of %s lacks something: %+v", got[i].MachineName, got[i])
		}
		got[i].ID, got[i].Fingerprint, got[i].AccountSID, got[i].Host = "", "", "", ""
	}
	if want := wantInForce(); !slices.Equal(got, want) {
		t.Errorf("in force are\n%+v, want\n%+v", got, want)
	}
}

func TestSecondUseIsRefused(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, in := range wantInForce() {
		if seen[in.MachineName] {
			continue // the last use of an account is named
		}
		seen[in.MachineName] = true
		t.Run(in.MachineName, func(t *testing.T) {
			t.Parallel()
			named := in.WindowsPath
			if in.MachineName == "WEB08" {
				named = "/srv/compat/images/web08-again/Windows"
			}
			file, windows := ledgerWith(t, nil), newImage(t)
			_, err := stage(t, windows, compat.Blob(t, in.MachineName), file)
			if code, _ := winerr.CodeOf(err); code != winerr.AccountReuseBlocked || !strings.Contains(err.Error(), named) {
				t.Errorf("staging into another image: %v, want %v that names %s", err, winerr.AccountReuseBlocked, named)
			}
			if !bytes.Equal(readFile(t, file), compat.Ledger(t)) {
				t.Error("the refusal has changed the ledger")
			}
			if st := status(t, windows); st.State != "absent" {
				t.Errorf("the refusal has left the image %s", st.State)
			}
		})
	}
}

func TestEndedUsesAreFree(t *testing.T) {
	t.Parallel()
	for machine, how := range map[string]string{"WEB09": "unstaged", "WEB10": "released", "WEB12": "cancelled"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			file := ledgerWith(t, nil)
			if _, err := stage(t, newImage(t), compat.Blob(t, machine), file); err != nil {
				t.Fatal(err)
			}
			now := inForce(t, file)
			if last := now[len(now)-1]; last.MachineName != machine || last.Event != "staged" {
				t.Errorf("the last entry in force is %+v", last)
			}
			wantAppended(t, file, compat.Ledger(t))
		})
	}
}

// TestUnstageReleases takes an image of the commit back by today's code, which frees its account in the ledger.
func TestUnstageReleases(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"registry-armed", "registry-foreign-hook", "registry-failed", "answer-file-merged"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := compat.Named(t, name)
			windows := f.Image(t)
			file := ledgerWith(t, map[string]string{f.Machine: windows})
			content := readFile(t, file)
			before := inForce(t, file)
			at := slices.IndexFunc(before, func(u use) bool { return u.MachineName == f.Machine })
			if at < 0 || before[at].WindowsPath != windows {
				t.Fatalf("the ledger does not have the image: %+v", before)
			}
			unstage(t, windows, file)
			if now := inForce(t, file); !slices.Equal(now, slices.Delete(before, at, at+1)) {
				t.Errorf("in force are\n%+v, want\n%+v", now, before)
			}
			wantAppended(t, file, content)
			if _, err := stage(t, newImage(t), compat.Blob(t, f.Machine), file); err != nil {
				t.Error("the account is not free:", err)
			}
		})
	}
}

// TestSameImageIsNoSecondUse stages the image's own join once more: it is the use that the ledger has.
func TestSameImageIsNoSecondUse(t *testing.T) {
	t.Parallel()
	needProgram(t)
	f := compat.Named(t, "registry-armed")
	windows := f.Image(t)
	file := ledgerWith(t, map[string]string{f.Machine: windows})
	if _, err := stage(t, windows, compat.Blob(t, f.Machine), file); err != nil {
		t.Fatal(err)
	}
	unstage(t, windows, file)
	for _, u := range inForce(t, file) {
		if u.MachineName == f.Machine {
			t.Errorf("after unstaging, %+v is in force", u)
		}
	}
}

// wantAppended wants the ledger's lines to be as they were, with more after them.
func wantAppended(t *testing.T, file string, before []byte) {
	t.Helper()
	if now := readFile(t, file); !bytes.HasPrefix(now, before) || len(now) <= len(before) {
		t.Error("lines of the ledger have changed, or nothing was appended")
	}
}

// ledgerWith writes the ledger to a file. The images of machines are moved to here: their lines get the path, the place
// and the host that the commit would have written for the image on this machine, and lose the number of the Windows
// directory's inode, which another has now. All else stays as that commit wrote it.
func ledgerWith(t *testing.T, moved map[string]string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "ledger.jsonl")
	var out bytes.Buffer
	for line := range bytes.Lines(compat.Ledger(t)) {
		var entry struct {
			Account struct {
				MachineName string `json:"machine_name"`
			} `json:"account"`
			Image json.RawMessage `json:"image"`
			Host  string          `json:"host"`
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		if windows, is := moved[entry.Account.MachineName]; is {
			line = bytes.Replace(line, entry.Image, quoted(t, map[string]string{
				"path": windows, "place": placeV1(t, windows),
			}), 1)
			line = bytes.Replace(line, []byte(`"host":"buildhost"`), append([]byte(`"host":`), quoted(t, hostname(t))...), 1)
		}
		out.Write(line)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func hostname(t *testing.T) string {
	t.Helper()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func quoted(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
