package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/hostiletext"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// shows runs a command for people and for programs, searches what it prints for hostile text, and returns both.
func shows(t *testing.T, skip func(at string) bool, args ...string) string {
	t.Helper()
	var all strings.Builder
	for _, form := range [][]string{nil, {"--json"}} {
		var out, err bytes.Buffer
		line := append(slices.Clone(args), form...)
		code := cli.Run(context.Background(), line, cli.Streams{In: strings.NewReader("no\n"), Out: &out, Err: &err})
		if found := hostiletext.Terminal(err.String()); found != nil {
			t.Errorf("%q prints on standard error\n%s", line, strings.Join(found, "\n"))
		}
		found := hostiletext.Terminal(out.String())
		if usage := code == 2 && out.Len() == 0; form != nil && !usage { // wrong usage has no document
			found = append(found, hostiletext.JSON(out.Bytes(), skip)...)
		}
		if found != nil {
			t.Errorf("%q prints\n%s", line, strings.Join(found, "\n"))
		}
		all.WriteString(out.String() + err.String())
	}
	return all.String()
}

// rawNames are the texts that the documents of hive hold as the hive does.
func rawNames(at string) bool {
	switch at {
	case "path", "subkeys", "values.name", "values.data", "keys.path", "keys.values.name", "name", "data":
		return true
	}
	return false
}

// wantShown fails the test when one of the hostile texts was not shown: then nothing was tested.
func wantShown(t *testing.T, shown string, places ...string) {
	t.Helper()
	for _, place := range places {
		if !strings.Contains(shown, place+"\uFFFD") && !strings.Contains(shown, place+"]0;owned\uFFFD") { // XML holds no ESC
			t.Errorf("%s is not shown:\n%s", place, shown)
		}
	}
}

// TestHostileImages shows images in which every text tries to act on a terminal by every command that reads one.
func TestHostileImages(t *testing.T) {
	t.Parallel()
	_, blob := sampletest.Blob(t)
	hive := func(windows string) string { return filepath.Join(windows, "System32", "config", "SYSTEM") }
	member := func(t *testing.T) string {
		windows := hostiletext.Image(t)
		hostiletext.Member(t, windows)
		return windows
	}
	recorded := func(given map[string]string) func(t *testing.T) string {
		return func(t *testing.T) string {
			windows := hostiletext.Image(t)
			hostiletext.Record(t, windows, given)
			return windows
		}
	}
	const state, method = completion.ValueState, completion.ValueMethod
	facts := []string{"ProductName", "EditionID", "InstallationType", "ComputerName", "HostName", "DNSSuffix"}
	record := []string{"MachineName", "Domain", "StagedAt", "StagedBy", "Fingerprint"}
	for name, c := range map[string]struct {
		image  func(t *testing.T) string
		places []string
	}{
		"no join":       {func(t *testing.T) string { return hostiletext.Image(t) }, append(facts, "CmdLine", "Workgroup")},
		"strange":       {func(t *testing.T) string { return hostiletext.StrangeImage(t) }, []string{"ProductType", "ImageState"}},
		"member":        {member, []string{"DomainName"}},
		"unknown state": {recorded(nil), append(record, "State", "Method", "ResultText", "CompletedAt")},
		"staged":        {recorded(map[string]string{state: completion.StateStaged, method: completion.MethodRegistry}), record},
		"failed":        {recorded(map[string]string{state: completion.StateFailed}), append(record, "Method", "ResultText")},
		"completed": {
			recorded(map[string]string{state: completion.StateCompleted}), append(record, "ResultText", "CompletedAt"),
		},
		"started": {recorded(map[string]string{state: completion.StateStarted}), record},
		"answer file": {
			recorded(map[string]string{state: completion.StateStaged, method: completion.MethodAnswerFile}), nil,
		},
		"generalized": {func(t *testing.T) string { return hostiletext.GeneralizedImage(t, "") }, []string{"AnswerFile"}},
		"pointer": {
			func(t *testing.T) string {
				return hostiletext.GeneralizedImage(t, hostiletext.In(`C:\Windows\pointer`))
			},
			[]string{"pointer"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			windows := c.image(t)
			stage := []string{"stage", "--windows-path", windows, "--blob-file", blob}
			shown := shows(t, nil, "inspect", "image", windows)
			shown += shows(t, nil, "status", "--windows-path", windows)
			logs := shows(t, nil, "status", "--logs", "--windows-path", windows)
			shown += shows(t, nil, append(stage, "--dry-run")...)
			shown += shows(t, nil, append(stage, "--dry-run", "--on-existing", "replace")...)
			shown += shows(t, nil, append(stage, "--on-existing", "keep")...)
			shown += shows(t, nil, append(stage, "--on-existing", "replace")...)
			shows(t, rawNames, "hive", "dump", hive(windows))
			shows(t, rawNames, "hive", "check", hive(windows))
			shows(t, rawNames, "hive", "get", hive(windows), "Setup")
			shows(t, rawNames, "hive", "get", hive(windows), completion.Key)
			for _, value := range append(hostiletext.RecordTexts(), hostiletext.In("ValueName"), hostiletext.In("none")) {
				shows(t, rawNames, "hive", "get", hive(windows), completion.Key, value)
			}
			shows(t, rawNames, "hive", "get", hive(windows), completion.Key+`\`+hostiletext.In("none"))
			shown += shows(t, nil, "unstage", "--windows-path", windows)
			wantShown(t, shown, c.places...)
			wantShown(t, logs, "NetSetup.log", "offlinejoin.log", "setuperr.log")
		})
	}
}

// TestHostileNames gives every command names of files that try to act on a terminal: an image's folder with what is no
// image, special files and several spellings of one name in it, hives, blobs, identities and reports that are not there or
// are something else.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such names")
	}
	_, good := sampletest.Blob(t)
	image := func() string { return hostiletext.Image(t) }
	config := func(windows string) string { return filepath.Join(windows, "System32", "config") }

	none := filepath.Join(hostiletext.Folder(t), hostiletext.Path("none"))
	folder := hostiletext.Folder(t)
	file := filepath.Join(folder, hostiletext.Path("file"))
	must(t, os.WriteFile(file, []byte("neither a hive nor a blob"), 0o644))
	blob := filepath.Join(folder, hostiletext.Path("blob"))
	content, err := os.ReadFile(good)
	must(t, err)
	must(t, os.WriteFile(blob, content, 0o644))
	sealed := sampletest.SealedBlob(t)
	secret := filepath.Join(folder, hostiletext.Path("sealed"))
	must(t, os.Rename(sealed.File, secret))

	spellings := image()
	must(t, os.Rename(filepath.Join(config(spellings), "SYSTEM"), filepath.Join(config(spellings), "System")))
	must(t, os.WriteFile(filepath.Join(config(spellings), "system"), nil, 0o600))
	link := image()
	must(t, os.Rename(filepath.Join(config(link), "SYSTEM"), filepath.Join(config(link), "real")))
	must(t, os.Symlink("real", filepath.Join(config(link), "SYSTEM")))
	missing := image()
	must(t, os.Remove(filepath.Join(config(missing), "SYSTEM")))
	damaged := image()
	must(t, os.WriteFile(filepath.Join(config(damaged), "SYSTEM"), bytes.Repeat([]byte("x"), 1<<13), 0o600))
	linked := image()
	must(t, os.Link(filepath.Join(config(linked), "SYSTEM"), filepath.Join(config(linked), "copy")))
	directory := image()
	must(t, os.Remove(filepath.Join(config(directory), "SOFTWARE")))
	must(t, os.Mkdir(filepath.Join(config(directory), "SOFTWARE"), 0o700))

	for i, windows := range []string{
		none, folder, file, filepath.Dir(image()), config(image()), filepath.Dir(config(image())),
		spellings, link, missing, damaged, linked, directory,
	} {
		t.Run(fmt.Sprint("image ", i), func(t *testing.T) {
			t.Parallel()
			shows(t, nil, "inspect", "image", windows)
			shows(t, nil, "status", "--logs", "--windows-path", windows)
			shows(t, nil, "stage", "--dry-run", "--windows-path", windows, "--blob-file", good)
			shows(t, nil, "stage", "--windows-path", windows, "--blob-file", blob)
			shows(t, nil, "unstage", "--windows-path", windows)
		})
	}
	for i, args := range [][]string{
		{"inspect", "blob", none},
		{"inspect", "blob", file},
		{"inspect", "blob", folder},
		{"inspect", "blob", blob},
		{"inspect", "blob", secret},
		{"inspect", "blob", secret, "--identity-file", none},
		{"inspect", "blob", secret, "--identity-file", file},
		{"inspect", "blob", secret, "--identity-file", folder},
		{"blob", "encrypt", blob, "-R", none},
		{"blob", "encrypt", blob, "-R", file},
		{"blob", "encrypt", none, "-r", "x"},
		{"blob", "decrypt", secret, "-o", file, "--identity-file", sealed.IdentityFile},
		{"blob", "decrypt", secret, "-o", none, "--identity-file", sealed.IdentityFile},
		{"blob", "decrypt", blob, "-o", none + "2"},
		{"hive", "dump", none},
		{"hive", "dump", file},
		{"hive", "get", file, "a"},
		{"hive", "check", file},
		{"hive", "check", folder},
		{"plan", none},
		{"plan", folder},
		{"plan", file},
		{"apply", "--yes", none + ".join.hcl"},
		{"status", folder},
		{"demo", "--sample", file},
		{"demo", "--sample", none},
		{"demo", "--sample", none},
		{"demo", "--fleet", none},
		{"stage", "--windows-path", image(), "--blob-file", blob, "--report-file", folder},
		{"stage", "--windows-path", image(), "--blob-file", blob, "--backup", file},
		{"stage", "--windows-path", image(), "--blob-file", blob, "--completion-program", file},
		{"stage", "--windows-path", image(), "--blob-file", blob, "--ledger-file", folder},
		{"stage", "--windows-path", image(), "--blob-file", blob, "--ledger-file", file},
		{"stage", "--windows-path", image(), "--blob-file", blob, "--machine-name", hostiletext.In("wanted")},
		{"stage", "--windows-path", image(), "--blob-file", blob, "--domain", hostiletext.In("wanted")},
		{"stage", "--windows-path", image(), "--blob-file", blob, "--method", hostiletext.In("wanted")},
		{hostiletext.In("wanted")},
		{"inspect", hostiletext.In("wanted")},
		{"status", "--" + hostiletext.In("wanted")},
	} {
		t.Run(fmt.Sprint("file ", i, " ", args[0]), func(t *testing.T) {
			t.Parallel()
			shows(t, nil, args...)
		})
	}
}
