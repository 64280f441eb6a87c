package compat

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

//go:embed testdata/*.tar.gz testdata/*.json testdata/*.jsonl
var files embed.FS

// Fixture is one image as the commit left it, and what it was before.
type Fixture struct {
	Name       string           `json:"name"`
	Machine    string           `json:"machine"` // whose blob is staged; [Blob] has it
	How        string           `json:"how"`     // it came to be
	Before     map[string]Value `json:"before"`  // SetupType and CmdLine before staging; absent ones are left out
	AnswerFile *File            `json:"answer_file"`
	Program    bool             `json:"program"` // the completion program was in System32
	Status     Status           `json:"status"`
}

// Value is a registry value.
type Value struct {
	Type string `json:"type"` // "REG_SZ"
	Data Hex    `json:"hex"`
}

// Hex is bytes that JSON has as hexadecimal digits.
type Hex []byte

// UnmarshalText reads the digits.
func (h *Hex) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	*h = raw
	return err
}

// File is an answer file that was there before staging.
type File struct {
	Name string `json:"name"` // relative to the root of the drive, with slashes
	Text string `json:"text"`
}

// Status is what `offlinejoin status --json` of the commit said, as far as it is about the join.
type Status struct {
	State       string `json:"status"`
	Method      string `json:"method"`
	Fingerprint string `json:"fingerprint"`
	MachineName string `json:"machine_name"`
	Domain      string `json:"domain"`
	StagedAt    string `json:"staged_at"`
	StagedBy    string `json:"staged_by"`
	CompletedAt string `json:"completed_at"`
	Attempts    uint32 `json:"attempts"`
	Result      uint32 `json:"result"`
	ResultText  string `json:"result_text"`
}

// Fixtures returns all of them.
func Fixtures(t testing.TB) []Fixture {
	t.Helper()
	var all []Fixture
	if err := json.Unmarshal(content(t, "fixtures.json"), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// Named returns one of them.
func Named(t testing.TB, name string) Fixture {
	t.Helper()
	for _, f := range Fixtures(t) {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no fixture %s", name)
	return Fixture{}
}

// StandIn is written in the place of the completion program, which the archives do not hold because of its 1.8 MB. It is
// no program; it has the marker by which its version is read.
const StandIn = "MZ, a stand-in of the tests; odjboot.exe of offlinejoin 0.1.0-dev; nothing follows"

// Image unpacks a fixture into a temporary folder, and returns its Windows directory.
func (f Fixture) Image(t testing.TB) (windowsPath string) {
	t.Helper()
	drive := t.TempDir()
	for name, body := range unpacked(t, f.Name+".tar.gz") {
		file := filepath.Join(drive, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, body, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	windowsPath = filepath.Join(drive, "Windows")
	if f.Program {
		if err := os.WriteFile(filepath.Join(windowsPath, "System32", "odjboot.exe"), []byte(StandIn), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return windowsPath
}

// Blob returns the blob of a machine, as djoin writes it.
func Blob(t testing.TB, machine string) []byte {
	t.Helper()
	blob, ok := unpacked(t, "blobs.tar.gz")[machine+".djoin"]
	if !ok {
		t.Fatalf("there is no blob for %s", machine)
	}
	return blob
}

// Ledger returns the ledger.
func Ledger(t testing.TB) []byte {
	t.Helper()
	return content(t, "ledger.v1.jsonl")
}

// TerraformState returns the Terraform state, of the image registry-terraform.
func TerraformState(t testing.TB) []byte {
	t.Helper()
	return content(t, "staged_join.tfstate.json")
}

func content(t testing.TB, name string) []byte {
	t.Helper()
	b, err := files.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unpacked returns the regular files of an archive, by name. Archives are this repository's own.
func unpacked(t testing.TB, archive string) map[string][]byte {
	t.Helper()
	packed, err := gzip.NewReader(bytes.NewReader(content(t, archive)))
	if err != nil {
		t.Fatal(err)
	}
	all, reader := map[string][]byte{}, tar.NewReader(packed)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if !filepath.IsLocal(header.Name) {
			t.Fatalf("%s holds %s", archive, header.Name)
		}
		if all[filepath.ToSlash(filepath.Clean(header.Name))], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}
