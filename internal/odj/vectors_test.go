package odj

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

var update = flag.Bool("update", false, "write the test vectors anew")

// vectorFolder holds files that other implementations can use, too; its README says how.
const vectorFolder = "testdata/vectors"

// vector is one file: a blob, and what a reader must say of it.
type vector struct {
	file  string
	what  string      // in a few words
	code  winerr.Code // 0: accepted
	field string      // that the refusal is about
	make  func(m *maker) []byte
	odd   string // why Samba's ndrdump comes to another verdict; empty: it comes to the same
}

func vectors() []vector {
	return slices.Concat(goodVectors(), streamVectors(), joinVectors(), packageVectors(), partVectors(), textVectors())
}

// manifest is testdata/vectors/manifest.json.
type manifest struct {
	SchemaVersion int          `json:"schema_version"`
	Password      string       `json:"machine_password"` // of nearly all vectors
	Vectors       []vectorInfo `json:"vectors"`
}

type vectorInfo struct {
	File        string   `json:"file"`
	What        string   `json:"what"`
	Verdict     string   `json:"verdict"` // accepted or refused
	Code        uint32   `json:"error_code,omitempty"`
	Name        string   `json:"error_name,omitempty"`
	Field       string   `json:"error_field,omitempty"`
	Fingerprint string   `json:"fingerprint,omitempty"`
	Findings    []string `json:"findings,omitempty"`
	Ndrdump     string   `json:"ndrdump"` // accepted, refused or not asked
	Explanation string   `json:"explanation,omitempty"`
}

const (
	accepted = "accepted"
	refusal  = "refused"
	notAsked = "not asked"
)

// fieldOf returns which field of a blob an error of Parse is about, such as "pBlobs[0].pBlob.lpDomain", and "" when it is
// about none: about the text around the blob, or the header of the outermost stream.
func fieldOf(err error) string {
	if e, is := errors.AsType[*fieldError](err); is {
		return e.path
	}
	if e, is := errors.AsType[*ndr.Error](err); is {
		return e.Path
	}
	return ""
}

// info states what the manifest must say of v; the verdict of ndrdump only when it can be asked.
func (v vector) info(t *testing.T, data []byte) vectorInfo {
	t.Helper()
	info := vectorInfo{File: v.file, What: v.what, Verdict: accepted, Explanation: v.odd}
	b, err := Parse(data)
	code, _ := winerr.CodeOf(err)
	if code != v.code || fieldOf(err) != v.field {
		t.Errorf("%s: got %v about %q, want %v about %q: %v", v.file, code, fieldOf(err), v.code, v.field, err)
	}
	if err != nil {
		info.Verdict, info.Code, info.Name, info.Field = refusal, uint32(code), code.Name(), fieldOf(err)
		return info
	}
	defer b.Wipe()
	info.Fingerprint = b.Fingerprint()
	for _, f := range b.open().findings {
		if !slices.Contains(info.Findings, f.ID) {
			info.Findings = append(info.Findings, f.ID)
		}
	}
	return info
}

// TestVectors makes every vector, compares it with the committed file, and lets our reader and Samba's judge it. With
// -update it writes the files instead.
func TestVectors(t *testing.T) {
	t.Parallel()
	want := manifest{SchemaVersion: 1, Password: testPassword}
	m := newMaker(t)
	ndrdump := ""
	if *update {
		ndrdump = testenv.Tool(t, "ndrdump")
		removeVectors(t)
	} else if p, err := exec.LookPath("ndrdump"); err == nil {
		ndrdump = p
	}
	all := vectors()
	if *update {
		for _, v := range all {
			write(t, filepath.Join(vectorFolder, v.file), v.make(m))
		}
	}
	judged := judgeAll(t, ndrdump, all)
	for i, v := range all {
		data := v.make(m)
		if !bytes.Equal(data, read(t, filepath.Join(vectorFolder, v.file))) {
			t.Errorf("%s is not what its maker makes; see README.md for how to make it anew", v.file)
		}
		info := v.info(t, data)
		info.Ndrdump = judged[i]
		differs := info.Ndrdump != info.Verdict && info.Ndrdump != notAsked
		if ndrdump != "" && differs != (v.odd != "") {
			t.Errorf("%s: we say %s, ndrdump says %s, explained by %q", v.file, info.Verdict, info.Ndrdump, v.odd)
		}
		if info.Verdict == accepted {
			compareFacts(t, v.file, parsed(t, data))
		}
		want.Vectors = append(want.Vectors, info)
	}
	compareManifest(t, want, ndrdump != "")
}

// judgeAll asks Samba's reader about all vectors, on all processors.
func judgeAll(t *testing.T, ndrdump string, all []vector) []string {
	t.Helper()
	verdicts := make([]string, len(all))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				verdicts[i] = judge(t, ndrdump, all[i].file, filepath.Join(vectorFolder, all[i].file))
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	workers.Wait()
	return verdicts
}

// judge asks Samba's reader, which knows no text but plain base64. Text that is damaged as text is not for it.
func judge(t *testing.T, ndrdump, file, path string) string {
	t.Helper()
	if ndrdump == "" || filepath.Ext(file) != ".bin" {
		return notAsked
	}
	cmd := exec.CommandContext(t.Context(), ndrdump, "ODJ", "ODJ_PROVISION_DATA_serialized_ptr", "struct", path)
	err := cmd.Run()
	if _, is := errors.AsType[*exec.ExitError](err); is {
		return refusal
	}
	if err != nil {
		t.Error(err)
	}
	return accepted
}

// compareManifest compares what was found with manifest.json, but for ndrdump's verdicts when it is absent.
func compareManifest(t *testing.T, found manifest, judged bool) {
	t.Helper()
	path := filepath.Join(vectorFolder, "manifest.json")
	if *update {
		write(t, path, indented(t, found))
		return
	}
	var committed manifest
	if err := json.Unmarshal(read(t, path), &committed); err != nil {
		t.Fatal(err)
	}
	if !judged {
		for i := range committed.Vectors {
			committed.Vectors[i].Ndrdump = notAsked
		}
	}
	if got, want := string(indented(t, found)), string(indented(t, committed)); got != want {
		t.Errorf("manifest.json says\n%s\nbut this was found:\n%s", want, got)
	}
	if !judged {
		testenv.Absent(t, "the program ndrdump, Samba's reader, is not installed; only our own has judged")
	}
}

// compareFacts compares the facts of an accepted vector with the file beside it.
func compareFacts(t *testing.T, file string, b *Blob) {
	t.Helper()
	path := filepath.Join(vectorFolder, strings.TrimSuffix(file, filepath.Ext(file))+".facts.json")
	facts := indented(t, b.Facts())
	if *update {
		write(t, path, facts)
	} else if committed := read(t, path); !bytes.Equal(facts, committed) {
		t.Errorf("%s says\n%s\nbut the facts are\n%s", path, committed, facts)
	}
}

func indented(t *testing.T, v any) []byte {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// removeVectors removes all but the README.
func removeVectors(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(vectorFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "README.md" {
			if err := os.Remove(filepath.Join(vectorFolder, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestVectorFolderHoldsNothingElse wants every file there to be in the manifest, or to belong to one that is.
func TestVectorFolderHoldsNothingElse(t *testing.T) {
	if *update {
		t.Skip("the files are being written")
	}
	t.Parallel()
	known := map[string]bool{"README.md": true, "manifest.json": true}
	for _, v := range vectors() {
		if known[v.file] {
			t.Errorf("two vectors are called %s", v.file)
		}
		known[v.file] = true
		if v.code == 0 {
			known[strings.TrimSuffix(v.file, filepath.Ext(v.file))+".facts.json"] = true
		}
	}
	entries, err := os.ReadDir(vectorFolder)
	if err != nil || len(entries) != len(known) {
		t.Errorf("%d files for %d names, %v", len(entries), len(known), err)
	}
	for _, e := range entries {
		if !known[e.Name()] {
			t.Errorf("%s is no vector", e.Name())
		}
	}
}
