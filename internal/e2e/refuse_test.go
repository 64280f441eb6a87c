package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// refusals gives bad input to the command line, as it is built, and to the core. Each gets its documented code and
// leaves the whole tree as it was: no file was written, not even with the same bytes.
func refusals(t *testing.T, p programs) {
	t.Run("blobs", func(t *testing.T) { refuseBlobs(t, p) })
	t.Run("images", func(t *testing.T) { refuseImages(t, p) })
	t.Run("disks", func(t *testing.T) { refuseDisks(t, p) })
}

// attempt is one join that must be refused.
type attempt struct {
	windows string // the Windows directory, or what is given as one
	tree    string // what must stay as it is
	blob    []byte
	expect  core.Expect
	code    winerr.Code
	says    string // part of the sentence
	plans   bool   // a plan is possible
}

// refuse makes the attempt in every way.
func (a attempt) refuse(t *testing.T, p programs) {
	t.Helper()
	before := take(t, a.tree)
	if err := a.ask(t, core.Plan); !a.plans {
		a.check(t, "Plan", err)
	} else if err != nil {
		t.Errorf("Plan: %v", err)
	}
	a.check(t, "Stage", a.ask(t, core.Stage))
	before.untouched(t, a.tree)
	a.refuseCommand(t, p)
	before.untouched(t, a.tree)
}

// ask reads the blob and asks the core, as the front ends do.
func (a attempt) ask(t *testing.T, do func(context.Context, core.Request) (*core.Receipt, error)) error {
	blob, err := core.ReadBlob(bytes.Clone(a.blob), "web01.djoin")
	if err != nil {
		return err
	}
	defer blob.Wipe()
	_, err = do(t.Context(), core.Request{
		Image: core.ImageAt(a.windows), Blob: blob, Expect: a.expect, StagedBy: "e2e",
	})
	return err
}

// read parses a blob that must be right.
func read(t *testing.T, blob []byte) *core.Blob {
	t.Helper()
	parsed, err := core.ReadBlob(bytes.Clone(blob), "web01.djoin")
	must(t, err)
	return parsed
}

func (a attempt) check(t *testing.T, what string, err error) {
	t.Helper()
	code, _ := winerr.CodeOf(err)
	if code != a.code || err != nil && !strings.Contains(err.Error(), a.says) {
		t.Errorf("%s: %v; want %v, %q", what, err, a.code, a.says)
	}
}

// refuseCommand makes the attempt by the command line, and wants the code in what people read and in what programs
// read.
func (a attempt) refuseCommand(t *testing.T, p programs) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "web01.djoin")
	must(t, os.WriteFile(file, a.blob, 0o600))
	cmd := exec.CommandContext(t.Context(), p.command(), "stage", "--json",
		"--windows-path", a.windows, "--blob-file", file)
	if a.expect.MachineName != "" {
		cmd.Args = append(cmd.Args, "--machine-name", a.expect.MachineName)
	}
	if a.expect.Domain != "" {
		cmd.Args = append(cmd.Args, "--domain", a.expect.Domain)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("exit: %v, want code 1\n%s", err, stdout.String())
		return
	}
	var document struct{ Error struct{ Code winerr.Code } }
	if err := json.Unmarshal(stdout.Bytes(), &document); err != nil || document.Error.Code != a.code {
		t.Errorf("the command prints %s (%v), want code %v", stdout.String(), err, a.code)
	}
	if !strings.HasSuffix(stderr.String(), " ("+a.code.String()+")\n") {
		t.Errorf("the command says %q, want the code %v at its end", stderr.String(), a.code)
	}
	if found := secretsOf(a.blob).In(append(stdout.Bytes(), stderr.Bytes()...)); found != nil {
		t.Errorf("the command shows %q", found)
	}
}

// secretsOf searches for a piece of what somebody gave as a blob, however damaged. Too little is nothing to hide.
func secretsOf(blob []byte) *canary.Search {
	if len(blob) < 100 {
		return &canary.Search{}
	}
	return canary.For(map[string][]byte{"the blob": blob})
}

func newBlob(t testing.TB) *odj.Blob {
	t.Helper()
	b, err := sample.Blob()
	must(t, err)
	return b
}

// refuseBlobs tries the damage of the laboratory's corrupt-check.sh that a reader can notice, and what only an
// expectation reveals.
func refuseBlobs(t *testing.T, p programs) {
	b := newBlob(t)
	raw := b.Bytes()
	text := []byte(b.AccountData())
	wide := func(bom string, swap int) []byte {
		out := []byte(bom)
		for _, c := range text {
			pair := [2]byte{}
			pair[swap] = c
			out = append(out, pair[:]...)
		}
		return out
	}
	changed := func(at int, v byte) []byte {
		bad := bytes.Clone(raw)
		bad[at] = v
		return bad
	}
	const invalid, unsupported = winerr.InvalidParameter, winerr.ProvisioningBlobUnsupported
	none := core.Expect{}
	windows := sampleImage(t, t.TempDir())
	for name, c := range map[string]struct {
		blob   []byte
		expect core.Expect
		code   winerr.Code
		says   string
	}{
		"01 header version 2":      {changed(0x00, 2), none, unsupported, "version 2"},
		"02 header big endian":     {changed(0x01, 0), none, unsupported, "big endian"},
		"03 object length":         {changed(0x08, raw[0x08]^8), none, invalid, ""},
		"04 ulVersion 2":           {changed(0x14, 2), none, unsupported, "the version is 2"},
		"05 cbBlob":                {changed(0x28, raw[0x28]^1), none, invalid, "pBlob"},
		"06 format 3":              {changed(0x24, 3), none, unsupported, "format 3"},
		"07 truncated half":        {raw[:len(raw)/2], none, invalid, "cut off"},
		"08 truncated 8":           {raw[:len(raw)-8], none, invalid, "cut off"},
		"09 extra 8":               {append(bytes.Clone(raw), make([]byte, 8)...), none, invalid, "8 bytes"},
		"10 base64 bad character":  {append(append(bytes.Clone(text[:500]), '*'), text[501:]...), none, invalid, ""},
		"11 base64 character lost": {append(bytes.Clone(text[:500]), text[501:]...), none, invalid, ""},
		"15 UTF-16BE":              {wide("\xFE\xFF", 1), none, invalid, ""},
		"18 empty":                 {nil, none, invalid, "empty"},
		"33 other machine":         {raw, core.Expect{MachineName: "SOMEBODY"}, invalid, "SOMEBODY was expected"},
		"40 other domain":          {raw, core.Expect{Domain: "other.test"}, invalid, "other.test was expected"},
		"41 other NetBIOS domain":  {raw, core.Expect{Domain: "OTHER"}, invalid, "OTHER was expected"},
		"a hive": {
			must1(os.ReadFile(filepath.Join(configOf(windows), "SAM")))(t), none,
			invalid, "",
		},
		"base64 of nothing": {
			[]byte(base64.StdEncoding.EncodeToString(make([]byte, 2000))), none,
			invalid, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			attempt{windows, windows, c.blob, c.expect, c.code, c.says, false}.refuse(t, p)
		})
	}
	t.Run("composed", func(t *testing.T) { refuseComposed(t, p, windows, raw) })
	for name, blob := range map[string][]byte{ // the control: these are blobs
		"12 newline at the end": append(bytes.Clone(text), '\n'), "13 wrapped": wrapped(text),
		"16 no NUL": wide("\xFF\xFE", 0), "17 UTF-8 mark": append([]byte("\xEF\xBB\xBF"), text...),
	} {
		t.Run(name, func(t *testing.T) {
			req := core.Request{Image: core.ImageAt(windows), Blob: read(t, blob)}
			if _, err := core.Plan(t.Context(), req); err != nil {
				t.Error(err)
			}
		})
	}
}

func wrapped(text []byte) []byte {
	var out []byte
	for len(text) > 76 {
		out, text = append(append(out, text[:76]...), "\r\n"...), text[76:]
	}
	return append(append(out, text...), "\r\n"...)
}

func must1[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}
