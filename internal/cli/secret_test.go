package cli_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// TestNoCommandShowsTheSecret runs every command that reads a blob or an image with one, and looks for the machine
// password and the blob in what it prints, in every spelling.
func TestNoCommandShowsTheSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	windows, err := sample.WriteTree(dir, sample.Image{})
	if err != nil {
		t.Fatal(err)
	}
	blob, err := sample.Blob()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "web01.djoin")
	if err := os.WriteFile(file, blob.DjoinFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(dir, "stager.key")
	if err := os.WriteFile(keyFile, []byte(key.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	recipient := key.Recipient().String()
	search := canary.ForBlob(blob.Bytes(), blob.MachinePassword()).And(canary.For(map[string][]byte{
		"the identity": []byte(strings.TrimPrefix(key.String(), "AGE-SECRET-KEY-1")),
	}))
	digest := fmt.Sprintf("%x", sha256.Sum256(blob.Bytes())) // confirms a guess at a weak password
	ofDigest := fmt.Sprintf("%x", sha256.Sum256(regf.TextData(digest)))
	stage := []string{"stage", "--windows-path", windows, "--blob-file", file}
	for _, args := range [][]string{
		{"inspect", "blob", file},
		{"blob", "encrypt", file, "-r", recipient},
		{"blob", "encrypt", file, "-r", key.String()}, // the wrong half
		{"blob", "encrypt", file, "-R", keyFile},
		{"inspect", "blob", file + ".age"},
		{"inspect", "blob", file + ".age", "--identity-file", keyFile},
		{"inspect", "blob", file, "--identity-file", file + ".age"},
		{"inspect", "blob", keyFile},
		{"inspect", "blob", file + ".age", "--identity-file", file},
		{"blob", "decrypt", file + ".age", "--identity-file", keyFile, "-o", filepath.Join(dir, "decrypted")},
		{"blob", "answer-file", file, "-o", filepath.Join(dir, "unattend.xml")}, // written, then there already
		{"blob", "answer-file", file, "-o", filepath.Join(dir, "merged.xml"), "--template-file", file},
		{"blob", "answer-file", file, "-o", filepath.Join(dir, "other.xml"), "--machine-name", "OTHER"},
		{"blob", "answer-file", file + ".age", "-o", filepath.Join(dir, "opened.xml"), "--identity-file", keyFile},
		append(stage, "--dry-run"),
		stage,
		stage, // staged already
		append(stage, "--machine-name", "OTHER"),
		{"status", "--windows-path", windows},
		{"inspect", "image", windows},
		{"hive", "dump", filepath.Join(windows, "System32", "config", "SYSTEM")},
		{"hive", "get", filepath.Join(windows, "System32", "config", "SYSTEM"), `Setup\OfflineJoin`},
		{"hive", "get", filepath.Join(windows, "System32", "config", "SYSTEM"), `Setup\OfflineJoin`, "ProvisioningBlob"},
		{"hive", "get", filepath.Join(windows, "System32", "config", "SYSTEM"), `Setup\OfflineJoin`, "BlobSHA256"},
		{"unstage", "--windows-path", windows},
	} {
		for _, form := range [][]string{nil, {"--json"}} {
			args := append(append([]string{}, args...), form...)
			printed := output(args, "")
			if printed == "" {
				t.Errorf("%q prints nothing", args)
			}
			if found := search.In([]byte(printed)); found != nil {
				t.Errorf("%q prints the secret (%q):\n%s", args, found, printed)
			}
			if strings.Contains(printed, digest) || strings.Contains(printed, ofDigest) {
				t.Errorf("%q prints a digest of the secret:\n%s", args, printed)
			}
		}
	}
}

// TestAnAnswerFileThatIsAskedForIsFound shows that the search of TestNoCommandShowsTheSecret sees what `blob answer-file` writes.
func TestAnAnswerFileThatIsAskedForIsFound(t *testing.T) {
	t.Parallel()
	blob, err := sample.Blob()
	must(t, err)
	file := filepath.Join(t.TempDir(), "web01.djoin")
	must(t, os.WriteFile(file, blob.DjoinFile(), 0o600))
	text := output([]string{"blob", "answer-file", file, "-o", "-"}, "")
	if canary.ForBlob(blob.Bytes(), blob.MachinePassword()).In([]byte(text)) == nil {
		t.Errorf("no secret is found in\n%s", text)
	}
}

// output runs a command line and returns all that it prints, errors too.
func output(args []string, stdin string) string {
	var all bytes.Buffer
	cli.Run(context.Background(), args, cli.Streams{In: strings.NewReader(stdin), Out: &all, Err: &all})
	return all.String()
}

// TestNoFleetCommandShowsASecret does the same with a fleet: every command, with its output for people, for programs
// and on a terminal's lines, its reports, its diagnostics, and what one failing member makes it say.
func TestNoFleetCommandShowsASecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	joinFile, err := sample.WriteFleet(dir)
	must(t, err)
	search, pasted := fleetSecrets(t, dir)
	must(t, os.Mkdir(filepath.Join(dir, "bad"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "bad", "bad.join.hcl"), []byte(pasted), 0o600))
	duplicates := filepath.Join(dir, "twice.join.hcl")
	must(t, os.WriteFile(duplicates, []byte(`join "a" {
  for_each     = toset(["web01", "web02"])
  windows_path = "images/${each.key}/Windows"
  blob_file    = "secrets/web01.djoin"
}
`), 0o600))
	page, document := filepath.Join(dir, "report.html"), filepath.Join(dir, "report.json")
	for _, args := range [][]string{
		{"plan", joinFile, "--report", page},
		{"apply", joinFile, "--yes", "--report", page},
		{"apply", joinFile, "--yes", "--report", document}, // staged already
		{"plan", duplicates},
		{"plan", filepath.Join(dir, "bad")},
		{"plan", joinFile, "--var", pasted},
		{"plan", joinFile, "--var", "images=" + pasted},
		{"status", joinFile, "--report", page},
		{"unstage", joinFile, "--yes", "--report", document},
		{"apply", joinFile}, // not confirmed
	} {
		for _, form := range [][]string{nil, {"--json"}} {
			args := append(append([]string{}, args...), form...)
			printed := output(args, "no\n")
			if printed == "" {
				t.Errorf("%.200q prints nothing", args)
			}
			if found := search.In([]byte(printed)); found != nil {
				t.Errorf("%.200q prints the secret (%q):\n%s", args, found, printed)
			}
			for _, file := range []string{page, document} {
				if text, err := os.ReadFile(file); err == nil && search.In(text) != nil {
					t.Errorf("%.200q writes the secret to %s", args, file)
				}
			}
		}
	}
	for _, file := range []string{page, document} {
		if info, err := os.Stat(file); err != nil || info.Size() == 0 {
			t.Errorf("%s was not written: %v", file, err)
		}
	}
}

// fleetSecrets returns a search for the secrets of the sample fleet below dir, and a join file that one is pasted into.
func fleetSecrets(t *testing.T, dir string) (search *canary.Search, pasted string) {
	t.Helper()
	for _, name := range []string{"web01", "web02", "web03"} {
		data, err := os.ReadFile(filepath.Join(dir, "secrets", name+".djoin"))
		must(t, err)
		blob, err := odj.Parse(data)
		must(t, err)
		one := canary.ForBlob(blob.Bytes(), blob.MachinePassword())
		if search == nil {
			search = one
		}
		search = search.And(one)
		pasted = "join \"web\" {\n  blob = \"" + string(blob.AccountData()) + "\"\n}\n"
	}
	return search, pasted
}
