// Command compatmake makes the fixtures of package compat. It is built inside a checkout of commit 1d98207, whose
// packages it imports, and it runs that commit's programs; make.sh does both, and says what has to be mounted before.
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/target"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

const generalized = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"

// panther is where the build's answer file mostly is, relative to the root of the drive.
const panther = "Windows/Panther/unattend.xml"

// userAnswerFile is what a build might have left for Setup.
const userAnswerFile = `<?xml version='1.0' encoding="utf-8"?>
<!-- made by the build; its bytes come back -->
<unattend xmlns="urn:schemas-microsoft-com:unattend">
	<settings pass="specialize">
		<component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35"
			language="neutral" versionScope="nonSxS"><TimeZone>UTC</TimeZone></component>
	</settings>
</unattend>
`

// fixture is one line of fixtures.json: an image as the commit left it, and what it was before.
type fixture struct {
	Name       string          `json:"name"`    // of the archive, without .tar.gz
	Machine    string          `json:"machine"` // whose blob is staged: MACHINE.djoin in blobs.tar.gz
	How        string          `json:"how"`
	Before     map[string]data `json:"before"`                // the hook before staging; what was absent is left out
	AnswerFile *file           `json:"answer_file,omitempty"` // the answer file that was there before staging
	Program    bool            `json:"program"`               // System32\odjboot.exe was there; it is not in the archive
	Status     json.RawMessage `json:"status"`                // what the commit's own status said

	image   sample.Image
	at      string   // where the image is
	flags   []string // more for the command stage
	prepare func(windows string)
	after   func(windows string)
}

// file is a text file of the drive.
type file struct {
	Name string `json:"name"` // relative to the root of the drive, with slashes
	Text string `json:"text"`
}

// data is a registry value's type and raw data.
type data struct {
	Type string `json:"type"`
	Hex  string `json:"hex"`
}

var out, program, ledgerFile, work string

func main() {
	if len(os.Args) == 4 && os.Args[1] == "boot" { // in a process of its own, since a loss of power ends it
		firstBoot(os.Args[2], os.Args[3])
		return
	}
	if len(os.Args) == 3 && os.Args[1] == "terraform-image" {
		_ = must(sample.WriteTree(os.Args[2], sample.Image{ComputerName: "WIN-TF20"}))
		blobFile(filepath.Dir(os.Args[2]), "WEB20")
		return
	}
	out, program, work = os.Args[1], os.Args[2], os.Args[3]
	ledgerFile = filepath.Join(out, "ledger.v1.jsonl")
	var made []fixture
	for _, f := range fixtures() {
		made = append(made, f.make())
	}
	made = append(made, terraformImage())
	restOfLedger()
	check(write(filepath.Join(out, "fixtures.json"), must(json.MarshalIndent(made, "", "  "))))
}

func fixtures() []fixture {
	boot := func(code string) func(string) {
		return func(windows string) { run(os.Args[0], "boot", windows, code) }
	}
	return []fixture{
		{
			Name: "registry-armed", Machine: "WEB01", How: "method registry, on an ext4 image behind a loop device",
			at: "/mnt/web01",
		},
		{
			Name: "registry-no-hook", Machine: "WEB02", How: "method registry, SetupType and CmdLine absent before, on tmpfs",
			at: "/mnt/web02", prepare: noHook,
		},
		{
			Name: "registry-foreign-hook", Machine: "WEB03", How: "method registry, another program's hook before",
			prepare: foreignHook,
		},
		{
			Name: "registry-retry", Machine: "WEB04", How: "first boot met 2138, which passes: armed again", after: boot("2138"),
		},
		{
			Name: "registry-started", Machine: "WEB05", How: "power was lost in Windows' function", after: boot("power"),
		},
		{
			Name: "registry-failed", Machine: "WEB06", How: "Windows refused with 2710, for good", after: boot("2710"),
		},
		{
			Name: "registry-completed", Machine: "WEB07", How: "Windows took the join, and has started again", after: boot("0"),
		},
		{
			Name: "answer-file-new", Machine: "APP01", How: "method answer_file, no answer file before",
			image: sample.Image{ImageState: generalized},
		},
		{
			Name: "answer-file-merged", Machine: "APP02", How: "method answer_file, merged into the build's answer file",
			image: sample.Image{ImageState: generalized}, AnswerFile: &file{panther, userAnswerFile},
		},
		{
			Name: "answer-file-replaced", Machine: "APP04", How: "method answer_file, another computer name gave way",
			image: sample.Image{ImageState: generalized}, flags: []string{"--on-existing", "replace"},
			AnswerFile: &file{panther, strings.ReplaceAll(userAnswerFile, "<TimeZone>", "<ComputerName>OLD</ComputerName><TimeZone>")},
		},
		{
			Name: "answer-file-drive", Machine: "APP05", How: "method answer_file, merged into the file at the drive's root",
			image: sample.Image{ImageState: generalized}, AnswerFile: &file{"Unattend.xml", userAnswerFile},
		},
		{
			Name: "answer-file-completed", Machine: "APP03", How: "method answer_file, Setup has joined the machine",
			image: sample.Image{ImageState: generalized}, after: joinedBySetup,
		},
	}
}

func (f fixture) make() fixture {
	if f.at == "" {
		f.at = filepath.Join(work, "images", strings.ToLower(f.Machine))
	}
	windows := must(sample.WriteTree(f.at, f.image))
	if f.prepare != nil {
		f.prepare(windows)
	}
	if f.AnswerFile != nil {
		answerFile := filepath.Join(f.at, filepath.FromSlash(f.AnswerFile.Name))
		check(os.MkdirAll(filepath.Dir(answerFile), 0o755))
		check(write(answerFile, []byte(f.AnswerFile.Text)))
	}
	f.Before = hookOf(windows)
	stage(windows, blobFile(out, f.Machine), f.flags...)
	if f.after != nil {
		f.after(windows)
	}
	return f.kept(windows)
}

// kept notes what the commit says of an image, and packs it without the program.
func (f fixture) kept(windows string) fixture {
	f.Status = run(program, "status", "--json", "--windows-path", windows)
	_, err := os.Stat(filepath.Join(windows, "System32", completion.ProgramFile))
	f.Program = err == nil
	run("tar", "--create", "--file", filepath.Join(out, f.Name+".tar"), "--directory", filepath.Dir(windows),
		"--exclude", completion.ProgramFile, "--exclude", "lost+found", "--sort=name", "--owner=0", "--group=0",
		"--numeric-owner", ".")
	return f
}

// terraformImage is the image that make.sh has had staged by terraform.
func terraformImage() fixture {
	f := fixture{Name: "registry-terraform", Machine: "WEB20", How: "method registry, staged by the Terraform provider"}
	windows := filepath.Join(work, "terraform", "image", "Windows")
	f.Before = map[string]data{"SetupType": {"REG_DWORD", "00000000"}, "CmdLine": {"REG_SZ", "0000"}}
	return f.kept(windows)
}

// restOfLedger makes the entries that no kept image stands behind.
func restOfLedger() {
	ctx := context.Background()
	l := ledger.Open(ledgerFile, 0)
	tree := func(name string) string {
		return must(sample.WriteTree(filepath.Join(work, "images", name), sample.Image{ComputerName: strings.ToUpper(name)}))
	}
	// One account in two images, with a reason.
	twice := blobFile(out, "WEB08")
	stage(tree("web08"), twice)
	stage(tree("web08-again"), twice, "--reuse", "allow", "--reuse-reason", "web08 is rebuilt")
	// Taken back.
	back := tree("web09")
	stage(back, blobFile(out, "WEB09"))
	run(program, "unstage", "--ledger-file", ledgerFile, "--windows-path", back)
	// Released by its user.
	stage(tree("web10"), blobFile(out, "WEB10"))
	force := must(l.InForce(ctx))
	must(l.Released(ctx, force[len(force)-1].ID, "web10 was deleted", "offlinejoin/"+version.String()))
	// Completed.
	for _, e := range force {
		if e.Account.MachineName == "APP03" {
			must(l.Completed(ctx, e.Image, e.Fingerprint, "offlinejoin/"+version.String()))
		}
	}
	// A stage that was killed, and one that wrote nothing.
	must(l.Begin(ctx, claim("WEB11", tree("web11"))))
	check(must(l.Begin(ctx, claim("WEB12", tree("web12")))).Cancel(ctx))
	// A tree on a build's guest.
	onGuest(ctx, tree("web13"))
}

func claim(machine, windows string) ledger.Claim {
	facts := factsOf(blobFile(out, machine))
	image := ledger.Locate(windows)
	image.MachineSID = "S-1-5-21-1111111111-2222222222-3333333333" // sample images have none
	return ledger.Claim{
		Account: ledger.Account{
			SID: facts.AccountSID, DomainGUID: facts.DomainGUID, Domain: facts.Domain, MachineName: facts.MachineName,
		},
		Fingerprint: facts.Fingerprint, Image: image, By: "offlinejoin/" + version.String(),
	}
}

// guest is a tree that a Packer build's guest would have, by its name.
type guest struct{ target.FS }

func (guest) String() string { return "192.0.2.20:/mnt/Windows" }

func onGuest(ctx context.Context, windows string) {
	tree := must(target.Directory(windows))
	blob := must(os.ReadFile(blobFile(out, "WEB13")))
	must(offlinejoin.Stage(ctx, offlinejoin.Request{
		WindowsPath: "/mnt/Windows", Target: guest{tree}, Blob: blob, BlobName: "web13.djoin", LedgerFile: ledgerFile,
		StagedBy: "packer-plugin-offlinejoin/" + version.String(),
	}))
}

// stage stages with the commit's command line.
func stage(windows, blob string, more ...string) {
	run(program, append([]string{
		"stage", "--windows-path", windows, "--blob-file", blob, "--ledger-file", ledgerFile,
	}, more...)...)
}

// blobFile makes the blob of a machine, once.
func blobFile(folder, machine string) string {
	file := filepath.Join(folder, machine+".djoin")
	if _, err := os.Stat(file); err == nil {
		return file
	}
	rid := uint32(1100)
	for _, c := range machine {
		rid = rid*31 + uint32(c)
	}
	blob := must(sample.BlobFor(machine, rid%100_000+1100))
	check(write(file, blob.DjoinFile()))
	return file
}

func factsOf(file string) offlinejoin.BlobFacts {
	return must(offlinejoin.InspectBlob(must(os.ReadFile(file)), filepath.Base(file)))
}

func noHook(windows string) {
	h := openHive(windows, "SYSTEM")
	setup := must(h.Key(completion.SetupKey))
	check(errors.Join(setup.DeleteValue(completion.ValueSetupType), setup.DeleteValue(completion.ValueCmdLine)))
	h.commit()
}

func foreignHook(windows string) {
	h := openHive(windows, "SYSTEM")
	setup := must(h.Key(completion.SetupKey))
	check(errors.Join(
		setup.SetValue(completion.ValueSetupType, regf.DWORD, regf.DWORDData(completion.SetupTypeRestart)),
		setup.SetValue(completion.ValueCmdLine, regf.SZ, regf.TextData(`C:\Tools\first boot.exe /quiet /größe=1`)),
	))
	h.commit()
}

// joinedBySetup makes of an image what Windows Setup would have: installed, and a member of the domain.
func joinedBySetup(windows string) {
	software := openHive(windows, "SOFTWARE")
	state := must(software.Key(`Microsoft\Windows\CurrentVersion\Setup\State`))
	check(state.SetValue("ImageState", regf.SZ, regf.TextData("IMAGE_STATE_COMPLETE")))
	software.commit()
	security := openHive(windows, "SECURITY")
	name := regf.TextData("corp.example.com")
	length := byte(len(name) - 2)
	for key, content := range map[string][]byte{
		`Policy\PolPrDmS`: {1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0},
		`Policy\PolDnDDN`: append([]byte{length, 0, length, 0, 8, 0, 0, 0}, name...),
	} {
		k, _, err := security.CreateKey(key, nil)
		check(err)
		check(k.SetValue("", regf.None, content))
	}
	security.commit()
}

func hookOf(windows string) map[string]data {
	h := openHive(windows, "SYSTEM")
	setup := must(h.Key(completion.SetupKey))
	found := map[string]data{}
	for _, name := range []string{completion.ValueSetupType, completion.ValueCmdLine} {
		v, err := setup.Value(name)
		if errors.Is(err, regf.ErrNotFound) {
			continue
		}
		check(err)
		found[name] = data{v.Type().String(), hex.EncodeToString(must(v.Data()))}
	}
	return found
}

// hive is a hive of an image, with its logs.
type hive struct {
	*regf.Hive
	path  string
	files [3]*regf.MemFile
}

func suffixes() [3]string { return [3]string{"", ".LOG1", ".LOG2"} }

func openHive(windows, name string) *hive {
	h := &hive{path: filepath.Join(windows, "System32", "config", name)}
	for i, suffix := range suffixes() {
		h.files[i] = regf.NewMemFile(must(os.ReadFile(h.path + suffix)))
	}
	h.Hive = must(regf.Open(regf.Files{Primary: h.files[0], Log1: h.files[1], Log2: h.files[2]}))
	return h
}

func (h *hive) commit() {
	must(h.Commit(regf.CommitOptions{}))
	for i, suffix := range suffixes() {
		check(write(h.path+suffix, h.files[i].Bytes()))
	}
}

func write(file string, content []byte) error { return os.WriteFile(file, content, 0o600) }

func run(name string, args ...string) []byte {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	printed, err := cmd.Output()
	if err != nil {
		check(fmt.Errorf("%s %v: %w: %s", name, args, err, printed))
	}
	return printed
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
