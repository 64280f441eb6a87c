package cli_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// reportedCase is the shape of an input that public reports were about, and what the command line has to answer.
type reportedCase struct {
	file    string   // the answer file at Panther\unattend.xml
	args    []string // besides --windows-path and --blob-file
	refused bool
	words   []string // of the answer
}

const answerHead = `<?xml version="1.0" encoding="utf-8"?>
<unattend xmlns="urn:schemas-microsoft-com:unattend">
`

// component is a component of Windows in an answer file.
func component(name, architecture, inner string) string {
	return `<component name="Microsoft-Windows-` + name + `" processorArchitecture="` + architecture +
		`" publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">` + inner + "</component>\n"
}

func settings(pass, inner string) string {
	return `<settings pass="` + pass + `">` + "\n" + inner + "</settings>\n"
}

// reportedFiles are the answer files of public reports, made anew.
func reportedFiles() map[string]reportedCase {
	shell := func(inner string) string { return component("Shell-Setup", "amd64", inner) }
	file := func(inner ...string) string { return answerHead + strings.Join(inner, "") + "</unattend>\n" }
	name := func(n string) string { return "<ComputerName>" + n + "</ComputerName>" }
	renamer := component("Deployment", "amd64", "<RunSynchronous><RunSynchronousCommand><Order>1</Order><Path>"+
		"powershell -Command Rename-Computer -NewName APP7 -Force</Path></RunSynchronousCommand></RunSynchronous>")
	otherBlob := "<OfflineIdentification><Provisioning><AccountData>QUJDRA==</AccountData></Provisioning></OfflineIdentification>"
	unsecure := "<Identification><UnsecureJoin>true</UnsecureJoin><MachinePassword>canary</MachinePassword>" +
		"<JoinDomain>corp.example.com</JoinDomain></Identification>"
	replace := []string{"--on-existing", "replace"}
	return map[string]reportedCase{
		"any name":    {file: file(settings("specialize", shell(name("*")))), words: []string{`ComputerName was "*"`, "it becomes WEB01"}},
		"placeholder": {file: file(settings("specialize", shell(name("{{ hostname }}")))), words: []string{"no particular name"}},
		"other name": {
			file: file(settings("specialize", shell(name("GOLD-7")))), refused: true, words: []string{"GOLD-7", "give --on-existing replace", "2716"},
		},
		"other name replaced": {file: file(settings("specialize", shell(name("GOLD-7")))), args: replace, words: []string{"Staged WEB01"}},
		"offline identification": {
			file: file(settings("offlineServicing", component("UnattendedJoin", "amd64", otherBlob))), refused: true,
			words: []string{"OfflineIdentification", "give --on-existing replace", "2711"},
		},
		"offline identification replaced": {
			file: file(settings("offlineServicing", component("UnattendedJoin", "amd64", otherBlob))), args: replace,
			words: []string{"Staged WEB01"},
		},
		"x86 component": {
			file:  file(settings("specialize", component("Shell-Setup", "x86", name("OTHER")))),
			words: []string{"Microsoft-Windows-Shell-Setup for x86", "this image is amd64"},
		},
		"second rename": {file: file(settings("specialize", shell("")+renamer)), words: []string{"renames the machine", "RunSynchronous"}},
		"unsecure join": {
			file: file(settings("specialize", component("UnattendedJoin", "amd64", unsecure))), refused: true,
			words: []string{"JoinDomain, MachinePassword, UnsecureJoin", "give --on-existing replace"},
		},
		"pass in capitals": {
			file: file(settings("Specialize", shell(name("OTHER")))), refused: true, words: []string{`"Specialize" (line 3)`, `write it as "specialize"`},
		},
		"unclosed element": {
			file: file(settings("oobeSystem", shell("<AutoLogon><Password>\n<Value><Hidden></Value></Password></AutoLogon>"))), refused: true,
			words: []string{"line 5", "the element Hidden of line 5 is not closed", "correct it"},
		},
		"component twice": {
			file: file(settings("specialize", shell("")+shell(""))), refused: true, words: []string{"Microsoft-Windows-Shell-Setup for amd64 2 times"},
		},
		"undeclared prefix": {
			file:    file(settings("specialize", shell(`<RunSynchronous wcm:action="add"/>`))),
			refused: true, words: []string{"line 4", "prefix that is not declared"},
		},
	}
}

// TestReportedAnswerFiles stages into each of them, and takes the join back to the same bytes; a refusal changes none.
func TestReportedAnswerFiles(t *testing.T) {
	t.Parallel()
	_, blob := sampletest.Blob(t)
	for what, c := range reportedFiles() {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			windows := sampletest.Image(t, sample.Image{ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"})
			file := filepath.Join(windows, "Panther", "unattend.xml")
			must(t, os.MkdirAll(filepath.Dir(file), 0o755))
			must(t, os.WriteFile(file, []byte(c.file), 0o644))
			code, out, stderr := withArguments(t, append([]string{"stage", "--windows-path", windows, "--blob-file", blob}, c.args...))
			if (code != 0) != c.refused {
				t.Fatalf("exit code %d\n%s%s", code, out, stderr)
			}
			for _, want := range c.words {
				if !strings.Contains(out+stderr, want) {
					t.Errorf("%q is missing in:\n%s%s", want, out, stderr)
				}
			}
			if !c.refused {
				if code, out, stderr := withArguments(t, []string{"unstage", "--windows-path", windows, "--yes"}); code != 0 {
					t.Fatalf("unstage: %d\n%s%s", code, out, stderr)
				}
			}
			after, err := os.ReadFile(file)
			must(t, err)
			if string(after) != c.file {
				t.Errorf("the answer file is not as it was:\n%s", after)
			}
		})
	}
}

// TestReportedAnswerFilesAreShownBefore: inspect image tells, before anybody has a blob, which file Setup will take and what in it
// would stop a join, as text and as JSON.
func TestReportedAnswerFilesAreShownBefore(t *testing.T) {
	t.Parallel()
	files := reportedFiles()
	for what, words := range map[string][]string{
		"":                       {"(none yet: it will be made)"},
		"any name":               {"no particular name"},
		"other name":             {"for the name GOLD-7"},
		"offline identification": {"Replaces", "OfflineIdentification", "give --on-existing replace"},
		"unsecure join":          {"Replaces", "JoinDomain, MachinePassword, UnsecureJoin", "give --on-existing replace"},
		"x86 component":          {"Note", "Microsoft-Windows-Shell-Setup for x86"},
		"second rename":          {"Note", "renames the machine"},
		"pass in capitals":       {"Refused", `write it as "specialize"`},
		"unclosed element":       {"Refused", "the element Hidden of line 5 is not closed"},
		"component twice":        {"Refused", "Microsoft-Windows-Shell-Setup for amd64 2 times"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			windows := sampletest.Image(t, sample.Image{ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"})
			panther := filepath.Join(windows, "Panther")
			must(t, os.MkdirAll(panther, 0o755))
			if what != "" {
				must(t, os.WriteFile(filepath.Join(panther, "unattend.xml"), []byte(files[what].file), 0o644))
			}
			must(t, os.WriteFile(filepath.Join(panther, "unattend-old.xml"), nil, 0o644))
			words = append(words, "Answer file", filepath.Join("Panther", "unattend.xml"), "Setup does not look at", "unattend-old.xml")
			code, out, stderr := withArguments(t, []string{"inspect", "image", windows})
			flat := strings.Join(strings.Fields(out), " ")
			for _, word := range words {
				if code != 0 || !strings.Contains(flat, word) {
					t.Errorf("exit code %d, %q is missing in:\n%s%s", code, word, out, stderr)
				}
			}
			code, out, stderr = withArguments(t, []string{"inspect", "image", windows, "--json"})
			var document struct {
				AnswerFile struct {
					Order             int
					Exists            bool
					Refused, Replaces string
				} `json:"answer_file"`
			}
			if err := json.Unmarshal([]byte(out), &document); code != 0 || err != nil {
				t.Fatalf("exit code %d, %v in:\n%s%s", code, err, out, stderr)
			}
			a := document.AnswerFile
			if a.Order != 3 || a.Exists != (what != "") || (a.Refused != "") != slices.Contains(words, "Refused") ||
				(a.Replaces != "") != slices.Contains(words, "Replaces") {
				t.Errorf("%+v", a)
			}
		})
	}
}

// TestReportedBlobs reads what people save as a blob.
func TestReportedBlobs(t *testing.T) {
	t.Parallel()
	blob, saved := sampletest.Blob(t)
	content, err := os.ReadFile(saved)
	must(t, err)
	text := blob.AccountData()
	wrapped := base64.StdEncoding.EncodeToString(content)
	printed := "Provisioning the computer...\r\nSuccessfully provisioned [WEB01] in the domain [corp.example.com].\r\n\r\n" + text +
		"\r\n\r\nThe operation completed successfully.\r\n"
	for what, given := range map[string]string{
		"base64 of the saved file": wrapped,
		"base64 of that":           base64.StdEncoding.EncodeToString([]byte(wrapped)),
		"base64 of base64":         base64.StdEncoding.EncodeToString([]byte(text)),
		"output of printblob":      printed,
	} {
		file := filepath.Join(t.TempDir(), "blob")
		must(t, os.WriteFile(file, []byte(given), 0o600))
		code, out, stderr := withArguments(t, []string{"inspect", "blob", file})
		if code != 0 || !strings.HasPrefix(out, "WEB01 → corp.example.com") {
			t.Errorf("%s: exit code %d\n%s%s", what, code, out, stderr)
		}
	}
}

// TestReportedPlaces gives what is no Windows directory, or one that takes no join.
func TestReportedPlaces(t *testing.T) {
	t.Parallel()
	_, blob := sampletest.Blob(t)
	windows := sampletest.Image(t, sample.Image{})
	asleep := sampletest.Image(t, sample.Image{})
	must(t, os.WriteFile(filepath.Join(filepath.Dir(asleep), "hiberfil.sys"), append([]byte("HIBR"), make([]byte, 65532)...), 0o600))
	disk := filepath.Join(t.TempDir(), "web01.qcow2")
	must(t, os.WriteFile(disk, []byte("QFI\xFB"), 0o600))
	for what, c := range map[string]struct {
		args  []string
		words []string
	}{
		"hibernated":     {[]string{"--windows-path", asleep}, []string{"is hibernated", "shutdown /s /full"}},
		"disk image":     {[]string{"--windows-path", disk}, []string{"name a disk image file by --image-path"}},
		"volume's root":  {[]string{"--windows-path", filepath.Dir(windows)}, []string{"did you mean", "Windows?"}},
		"too long":       {[]string{"--windows-path", windows, "--machine-name", "my-long-computer-name"}, []string{"no computer can have", "21 characters", "15"}},
		"with $":         {[]string{"--windows-path", windows, "--machine-name", "WEB01$"}, []string{"WEB01$"}},
		"quote from cmd": {[]string{"--windows-path", `C:\img\Windows" --blob-file b`}, []string{"has a quote in it", "leave the last backslash out"}},
	} {
		code, out, stderr := withArguments(t, append([]string{"stage", "--blob-file", blob}, c.args...))
		if code == 0 {
			t.Errorf("%s: it is staged", what)
		}
		for _, want := range c.words {
			if !strings.Contains(out+stderr, want) {
				t.Errorf("%s: %q is missing in:\n%s%s", what, want, out, stderr)
			}
		}
	}
}

// TestReportedFindings holds text and JSON of one blob to the same findings.
func TestReportedFindings(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("..", "odj", "testdata", "vectors", "odd-default-password.bin"))
	must(t, err)
	if _, err := odj.Parse(bytes.Clone(content)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "blob")
	must(t, os.WriteFile(file, content, 0o600))
	const finding = "anybody can guess"
	for _, args := range [][]string{{"inspect", "blob", file}, {"inspect", "blob", file, "--json"}} {
		if code, out, stderr := withArguments(t, args); code != 0 || !strings.Contains(out, finding) {
			t.Errorf("%v: exit code %d, %q is missing in:\n%s%s", args[2:], code, finding, out, stderr)
		}
	}
}
