package offlinejoin

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

var testClock = time.Date(2026, 11, 24, 10, 4, 0, 0, time.UTC)

// testBlob makes a blob for machine with the known password; tests search for the password afterwards.
func testBlob(t testing.TB, machine string) *odj.Blob {
	t.Helper()
	password := make(odj.Password, 120)
	for i := range password {
		password[i] = uint16(knownPassword[i%len(knownPassword)])
	}
	b, err := odj.Compose(odj.Join{
		MachineName: machine, Password: password,
		DNSDomain: "corp.example.com", NetBIOSDomain: "CORP",
		DomainGUID: "3f2a6c1e-94d7-4b58-8a0d-51c7e2b9f604", DomainSID: "S-1-5-21-1004336348-1177238915-682003330", Rid: 1107,
		DC: odj.DomainController{Name: "dc1.corp.example.com", Address: "192.0.2.10", Site: "Site-A", ClientSite: "Site-A"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readBlob(t testing.TB, data []byte) *Blob {
	t.Helper()
	b, err := ReadBlob(data, "web01.djoin")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const knownPassword = "Canary!9xQ#"

// newImage makes a sample image and a request for WEB01.
func newImage(t testing.TB, im sample.Image) Request {
	t.Helper()
	return Request{
		Image: ImageAt(sampletest.Image(t, im)), Blob: readBlob(t, testBlob(t, "WEB01").DjoinFile()), StagedBy: "test/1",
		Now: func() time.Time { return testClock },
	}
}

// tree digests every file below the image: names, modes, content.
func tree(t testing.TB, windows string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(filepath.Dir(windows), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %v", path, info.Mode())
		if e.Type().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %x", sha256.Sum256(data))
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// holds tells whether any file of the image holds the blob for a machine or its password, in any spelling.
func holds(t testing.TB, windows, machine string) bool {
	t.Helper()
	found, files, err := secretsOf(t, machine).InTree(filepath.Dir(windows), nil)
	if err != nil || files == 0 {
		t.Fatal(files, err)
	}
	return len(found) > 0
}

// secretsOf looks for the blob for a machine, and for its password.
func secretsOf(t testing.TB, machine string) *canary.Search {
	t.Helper()
	b := testBlob(t, machine)
	return canary.ForBlob(b.Bytes(), b.MachinePassword())
}

// changeHive edits a hive of the image through the engine.
func changeHive(t testing.TB, windows, name string, change func(h *regf.Hive) error) {
	t.Helper()
	path := filepath.Join(windows, "System32", "config", name)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := regf.NewMemFile(data)
	h, err := regf.Open(regf.Files{Primary: f, Log1: regf.NewMemFile(nil)})
	if err != nil {
		t.Fatal(err)
	}
	if err := change(h); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Commit(regf.CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, f.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// firstBoot makes of a staged image what the completion program leaves behind.
func firstBoot(t testing.TB, windows, state string, result uint32) {
	t.Helper()
	changeHive(t, windows, "SYSTEM", func(h *regf.Hive) error {
		for _, e := range []edit{
			setText(completion.Key, completion.ValueState, state),
			setText(completion.Key, completion.ValueCompletedAt, testClock.Format(time.RFC3339)),
			setNumber(completion.Key, completion.ValueAttempts, 1),
			setNumber(completion.Key, completion.ValueResult, result),
			{what: dropValue, key: completion.Key, name: completion.ValueProvisioningBlob},
			setNumber(completion.SetupKey, completion.ValueSetupType, 0),
			setText(completion.SetupKey, completion.ValueCmdLine, ""),
		} {
			if err := e.apply(h); err != nil {
				return err
			}
		}
		return nil
	})
	if err := os.Remove(filepath.Join(windows, "System32", completion.ProgramFile)); err != nil {
		t.Fatal(err)
	}
}

// joinCorp makes the image's Windows a member of corp.example.com.
func joinCorp(h *regf.Hive) error {
	name := regf.TextData("corp.example.com")
	length := byte(len(name) - 2)
	for key, data := range map[string][]byte{
		`Policy\PolPrDmS`: {1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0},
		`Policy\PolDnDDN`: append([]byte{length, 0, length, 0, 8, 0, 0, 0}, name...),
	} {
		k, _, err := h.CreateKey(key, nil)
		if err != nil {
			return err
		}
		if err := k.SetValue("", regf.None, data); err != nil {
			return err
		}
	}
	return nil
}

func wantCode(t testing.TB, err error, code winerr.Code, parts ...string) {
	t.Helper()
	if got, ok := winerr.CodeOf(err); !ok || got != code {
		t.Fatalf("error %v, want code %v", err, code)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not tell %q", err, p)
		}
	}
	if n := strings.Count(err.Error(), code.String()); n != 1 {
		t.Errorf("error %q names its code %d times", err, n)
	}
	if strings.Contains(err.Error(), knownPassword) {
		t.Errorf("error %q holds the password", err)
	}
}
