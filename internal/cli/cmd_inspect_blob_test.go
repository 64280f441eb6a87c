package cli_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/odj"
)

var update = flag.Bool("update", false, "write the golden files anew")

// vectorFolder holds the blobs, good and bad, of package odj.
const vectorFolder = "../odj/testdata/vectors"

// TestBlobView compares what a terminal shows of blobs with the files of testdata/blobs.
func TestBlobView(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"good-basic.bin", "good-all-parts.bin", "good-join-provider4.bin", "good-netbios-domain.bin", "text-djoin.txt",
		"odd-default-password.bin", "odd-key-open.bin", "odd-policy-root.bin", "odd-certificates-unreadable.bin",
		"odd-format-1-only.bin", "odd-part-unknown.bin",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := output([]string{"inspect", "blob", "-"}, string(readFile(t, filepath.Join(vectorFolder, name))))
			golden := filepath.Join("testdata", "blobs", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(readFile(t, golden)); got != want {
				t.Errorf("the terminal shows\n%s\nbut %s says\n%s", got, golden, want)
			}
		})
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestNoVectorShowsItsSecret looks at every blob of the test vectors, for people and for programs, and searches what is
// printed, errors included, for the machine password, the blob, and the files with private keys.
func TestNoVectorShowsItsSecret(t *testing.T) {
	t.Parallel()
	var m struct {
		Password string `json:"machine_password"`
		Vectors  []struct{ File, Verdict string }
	}
	if err := json.Unmarshal(readFile(t, filepath.Join(vectorFolder, "manifest.json")), &m); err != nil {
		t.Fatal(err)
	}
	keys := map[string][]byte{}
	for _, name := range []string{"machine.pfx", "old.pfx"} {
		keys[name] = readFile(t, filepath.Join("../odj/testdata/certificates", name))
	}
	secrets := canary.For(keys).And(canary.ForBlob(readFile(t, filepath.Join(vectorFolder, "good-all-parts.bin")),
		utf16.Encode([]rune(m.Password))))
	if len(m.Vectors) < 150 {
		t.Fatalf("only %d vectors", len(m.Vectors))
	}
	for _, v := range m.Vectors {
		t.Run(v.File, func(t *testing.T) {
			t.Parallel()
			data := readFile(t, filepath.Join(vectorFolder, v.File))
			search := secrets
			if b, err := odj.Parse(data); err == nil && len(b.MachinePassword()) > 20 {
				search = search.And(canary.ForBlob(b.Bytes(), b.MachinePassword()))
			}
			text := output([]string{"inspect", "blob", "-"}, string(data))
			for form, printed := range map[string]string{
				"text": text, "JSON": output([]string{"inspect", "blob", "-", "--json"}, string(data)),
			} {
				if found := search.In([]byte(printed)); found != nil {
					t.Errorf("%s shows %q:\n%s", form, found, printed)
				}
				if isError := strings.Contains(printed, "error"); isError != (v.Verdict == "refused") {
					t.Errorf("%s is no %s blob's:\n%s", form, v.Verdict, printed)
				}
			}
			if control := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' }); control >= 0 {
				t.Errorf("a control character is printed: %q", text[control:])
			}
		})
	}
}

// TestSizesDoNotTellThePasswordsLength: two blobs that differ in the password only are shown alike.
func TestSizesDoNotTellThePasswordsLength(t *testing.T) {
	t.Parallel()
	show := func(password string, form ...string) []byte {
		b, err := odj.Compose(odj.Join{
			MachineName: "WEB01", Password: utf16.Encode([]rune(password)), DNSDomain: "corp.example.com",
			NetBIOSDomain: "CORP", DomainGUID: "3f2a6c1e-94d7-4b58-8a0d-51c7e2b9f604", DomainSID: "S-1-5-21-1-2-3", Rid: 9,
			DC: odj.DomainController{Name: "dc1.corp.example.com", Address: "192.0.2.10"},
		})
		if err != nil {
			t.Fatal(err)
		}
		shown := output(append([]string{"inspect", "blob", "-"}, form...), b.AccountData())
		return bytes.ReplaceAll([]byte(shown), []byte(b.Fingerprint()), []byte("the fingerprint"))
	}
	for _, form := range [][]string{nil, {"--json"}} {
		short, long := show("short-password", form...), show(strings.Repeat("long-password", 9), form...)
		if !bytes.Equal(short, long) || !bytes.Contains(short, []byte("the fingerprint")) {
			t.Errorf("%q shows\n%s\nand\n%s", form, short, long)
		}
	}
}
