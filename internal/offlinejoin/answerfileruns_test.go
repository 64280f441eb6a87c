package offlinejoin

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// kindRuns is how many runs the review made: some files in several places and architectures.
const kindRuns = 602

// kindRun is one answer file in one place of one image.
type kindRun struct {
	kindFile
	place string // from the root of the drive
	image sample.Image
}

func newKindRun(i int) kindRun {
	const inPanther = 379
	r := kindRun{kindFile: newKindFile(i % kindFiles), place: "Windows/Panther/unattend.xml"}
	architecture := r.architecture
	if i >= kindFiles {
		architecture = []string{"amd64", "amd64", "x86", "arm64"}[i/2%4]
	}
	if i >= inPanther {
		others := []string{
			"Windows/Panther/Unattend/Unattend.xml", "Windows/Panther/Unattend/Autounattend.xml", "Windows/System32/Sysprep/unattend.xml",
			"Unattend.xml", "autounattend.xml",
		}
		r.place = others[i%len(others)]
	}
	r.image = sample.Image{
		ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE", Architecture: strings.ToUpper(architecture),
	}
	if architecture == "x86" {
		r.image.Architecture = architecture
	}
	if i%3 == 0 || architecture != "amd64" { // there is no server for the others
		r.image.ProductType, r.image.EditionID, r.image.InstallationType = "WinNT", "Professional", "Client"
	}
	return r
}

// start makes the image with the file in its place.
func (r kindRun) start(t *testing.T) (req Request, file string, content []byte) {
	t.Helper()
	req, content = newImage(t, r.image), r.content()
	file = filepath.Join(filepath.Dir(req.Image.WindowsPath), filepath.FromSlash(r.place))
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, content, 0o644)); err != nil {
		t.Fatal(err)
	}
	return req, file, content
}

// besideHives returns the content of every file below an image but the hives.
func besideHives(t *testing.T, windows string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(filepath.Dir(windows), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || strings.EqualFold(filepath.Base(filepath.Dir(path)), "config") {
			return err
		}
		content, err := os.ReadFile(path)
		found[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// cure matches what a refusal says is to be done.
var cure = regexp.MustCompile(`\b(correct it|keep one|make one|remove|use|put|write it|or set on_existing = "replace")\b`)

// TestAnswerFilesOfEveryKind stages into answer files in the shapes of those that people have: each is well formed afterwards,
// is staged only once, and gets its bytes back; a refusal changes nothing and names a cure. Every tenth run, all of them with
// OFFLINEJOIN_LONG.
func TestAnswerFilesOfEveryKind(t *testing.T) {
	t.Parallel()
	step := 10
	if os.Getenv("OFFLINEJOIN_LONG") != "" {
		step = 1
	}
	lint, _ := exec.LookPath("xmllint")
	staged, refused := 0, 0
	for i := 0; i < kindRuns; i += step {
		if newKindRun(i).check(t, lint) {
			staged++
		} else {
			refused++
		}
		if t.Failed() {
			t.Fatalf("run %d: %v at %s", i, newKindRun(i), newKindRun(i).place)
		}
	}
	t.Logf("%d runs: %d staged and taken back to the same bytes, %d refused; xmllint: %q", staged+refused, staged, refused, lint)
	if staged == 0 || refused == 0 {
		t.Error("one of the two never happened")
	}
}

// check makes one run, and reports whether the join was staged.
func (r kindRun) check(t *testing.T, lint string) (staged bool) {
	t.Helper()
	req, file, content := r.start(t)
	defer req.Blob.Wipe()
	req.OnExisting = OnExistingReplace
	before, everything := besideHives(t, req.Image.WindowsPath), tree(t, req.Image.WindowsPath)
	_, err := Stage(t.Context(), req)
	if (err != nil) != (r.kind == kindMalformed) {
		t.Errorf("staged: %v", err)
		return false
	}
	if err != nil {
		if !cure.MatchString(err.Error()) {
			t.Errorf("no cure: %v", err)
		}
		if tree(t, req.Image.WindowsPath) != everything {
			t.Error("a refusal has changed the image")
		}
		return false
	}
	r.checkStaged(t, req, file, before, lint)
	if _, err := Unstage(t.Context(), UnstageRequest{Image: req.Image}); err != nil {
		t.Error(err)
	}
	if after := besideHives(t, req.Image.WindowsPath); !maps.Equal(after, before) {
		t.Errorf("the image is not as it was: %q, before %q", after[file], content)
	}
	return true
}

// checkStaged looks at an image with the join in it.
func (r kindRun) checkStaged(t *testing.T, req Request, file string, before map[string]string, lint string) {
	t.Helper()
	now := besideHives(t, req.Image.WindowsPath)
	for path, content := range now {
		if before[path] != content && path != file {
			t.Errorf("%s has changed", path)
		}
	}
	wellFormed(t, []byte(now[file]), lint)
	account := "<AccountData>" + req.Blob.Text() + "</AccountData>"
	if n := strings.Count(now[file], account); n != 1 || strings.Count(now[file], "<ComputerName>WEB01</ComputerName>") != 1 {
		t.Errorf("the join is there %d times: %s", n, now[file])
	}
	again, err := Stage(t.Context(), req)
	if err != nil || again.Outcome != OutcomeUnchanged {
		t.Errorf("staged again: %v, %v", again, err)
	}
	if !maps.Equal(now, besideHives(t, req.Image.WindowsPath)) {
		t.Error("staging again has changed the image")
	}
	status, err := ReadStatus(t.Context(), StatusRequest{Image: req.Image})
	if err != nil || status.State != StateStaged || status.Incomplete {
		t.Errorf("status: %+v, %v", status, err)
	}
}

// wellFormed has an answer file judged by xmllint, where that is there, and by Go's own reader.
func wellFormed(t *testing.T, content []byte, lint string) {
	t.Helper()
	reader := xml.NewDecoder(bytes.NewReader(content))
	for {
		_, err := reader.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Errorf("not well formed: %v\n%s", err, content)
			return
		}
	}
	if lint == "" {
		return
	}
	command := exec.CommandContext(t.Context(), lint, "--noout", "--nonet", "-")
	command.Stdin = bytes.NewReader(content)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v\n%s", err, out)
	}
}

// TestMostAnswerFilesNeedNoOption counts the files that are taken as they are: those for no particular name.
func TestMostAnswerFilesNeedNoOption(t *testing.T) {
	t.Parallel()
	taken := map[string]int{}
	for i := range kindFiles {
		r := newKindRun(i)
		req, _, _ := r.start(t)
		_, err := Plan(t.Context(), req)
		req.Blob.Wipe()
		switch wanted := r.kind != kindBuildName && r.kind != kindMalformed; {
		case err == nil && !wanted || err != nil && wanted:
			t.Errorf("%v: %v", r.kindFile, err)
		case err == nil:
			taken[r.kind]++
		case !cure.MatchString(err.Error()):
			t.Errorf("%v: no cure: %v", r.kindFile, err)
		}
	}
	sum := taken[kindAny] + taken[kindPlaceholder] + taken[kindFine]
	t.Logf("%d of %d files are taken with default options", sum, kindFiles)
	if sum*100 < kindFiles*60 {
		t.Errorf("%d of %d are less than 60 %%: %v", sum, kindFiles, taken)
	}
}
