package guest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	"github.com/offlinejoin/offlinejoin/provisioner/offlinejoin/guest"
)

var update = flag.Bool("update", false, "write the golden files")

// winPE answers as a Windows guest would (inferred): it knows no script, but the answers that are given to it in turn.
type winPE struct {
	packersdk.MockCommunicator
	answers  []string // of the scripts; "" is an empty one, what follows a "!" a failure
	scripts  []string // that were run, decoded
	longest  int      // of the command lines
	uploaded []byte
	info     os.FileInfo
}

func (w *winPE) Start(_ context.Context, cmd *packersdk.RemoteCmd) error {
	say := func(text string, code int) error {
		_, err := io.WriteString(cmd.Stdout, text)
		cmd.SetExited(code)
		return err
	}
	if strings.HasPrefix(cmd.Command, "echo ") {
		return say("\"offlinejoin [$PSHOME] [Windows_NT]\"\r\n", 0)
	}
	_, encoded, ok := strings.Cut(cmd.Command, "-EncodedCommand ")
	if !ok || len(w.answers) == 0 {
		return say("", 9009) // cmd.exe: no such program
	}
	w.longest = max(w.longest, len(cmd.Command))
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return err
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	w.scripts = append(w.scripts, string(utf16.Decode(units)))
	answer := w.answers[0]
	w.answers = w.answers[1:]
	if before, failure, failed := strings.Cut(answer, "!"); failed {
		return say(before+"offlinejoin failed "+failure+"\r\n", 1)
	}
	return say(strings.ReplaceAll(answer, "\n", "\r\n"), 0)
}

func (w *winPE) Upload(_ string, r io.Reader, info *os.FileInfo) (err error) {
	w.info = *info
	w.uploaded, err = io.ReadAll(r)
	return err
}

func (w *winPE) Download(_ string, to io.Writer) error {
	_, err := io.WriteString(to, "hive")
	return err
}

// didAStep is what a guest says of a batch of one step.
const didAStep = "Erased=yes\nofflinejoin did a step\n"

const probed = "SystemRoot=X:\\Windows\nTemp=X:\\Temp\\\n"

func TestWindowsGuestSpeaksPowerShell(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pieces := []remotedir.Piece{piece(0, []byte("head")), piece(4096, []byte("page"))}
	name := base64.StdEncoding.EncodeToString([]byte("SYSTEM"))
	w := &winPE{answers: []string{
		probed, "32 12288 " + name + "\n16 0 Y29uZmln\n1040 0 bGluaw==\n", "Size=4\n", "Sum=" + sum([]byte("x")) + "\nSum=\n",
		"", didAStep, "", "", "", "Head=48-49-42-52\n",
	}}
	m, err := guest.Open(ctx, w, `D:\Windows`)
	must(t, err)
	config := m.Join(`D:\Windows\`, "System32/config")
	entries, err := m.List(ctx, config)
	must(t, err)
	want := []remotedir.Entry{
		{Name: "SYSTEM", Size: 12288, Links: 1},
		{Name: "config", Mode: fs.ModeDir, Links: 1},
		{Name: "link", Mode: fs.ModeIrregular, Links: 1},
	}
	if len(entries) != 3 || entries[0] != want[0] || entries[1] != want[1] || entries[2] != want[2] {
		t.Errorf("listed %+v", entries)
	}
	hive := m.Join(config, "SYSTEM")
	if got, err := m.Fetch(ctx, hive, 100); err != nil || string(got) != "hive" {
		t.Errorf("fetched %q, %v", got, err)
	}
	if sums, err := m.Digests(ctx, []string{hive, "D:/it's"}); err != nil || len(sums) != 2 || sums[1] != "" {
		t.Errorf("digests %q, %v", sums, err)
	}
	must(t, m.Create(ctx, hive))
	must(t, m.Write(ctx, hive, pieces, 5000))
	sent, data := string(w.uploaded), "headpage"
	if !strings.HasSuffix(sent, "\n"+data) || w.info.Size() != int64(len(sent)) || w.info.Mode() != 0o600 {
		t.Errorf("uploaded %q as %v, %d bytes", sent, w.info.Mode(), w.info.Size())
	}
	must(t, m.Copy(ctx, hive, hive+remotedir.BackupSuffix))
	must(t, m.Rename(ctx, hive, "D:/other"))
	must(t, m.Remove(ctx, hive, "D:/other"))
	must(t, m.SyncDir(ctx, config))
	head, err := m.(remotedir.HeadFetcher).FetchHead(ctx, "D:/hiberfil.sys", 4)
	if err != nil || string(head) != "HIBR" {
		t.Errorf("head %q, %v", head, err)
	}
	golden(t, "powershell.txt", withoutRandom(strings.Join(w.scripts, "\n\n")+"\n\n"+strings.TrimSuffix(sent, data)))
}

// withoutRandom gives the temporary files of a run one name.
func withoutRandom(s string) string {
	for {
		at := strings.Index(s, "Temp/odj")
		if at < 0 {
			return s
		}
		s = s[:at] + "Temp/RANDOM" + s[at+len("Temp/odj12345678"):]
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if got != string(want) {
		t.Errorf("%s differs (-update writes it):\n%s", path, got)
	}
}

func TestWindowsGuestErrors(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]error{
		"!2 no": fs.ErrNotExist, "!5 no": fs.ErrPermission, "!80 is": fs.ErrExist, "!112 full": imagefs.ErrNoSpace,
		"!19 protected": imagefs.ErrReadOnly,
	} {
		w := &winPE{answers: []string{probed, answer}}
		m, err := guest.Open(t.Context(), w, `D:\Windows`)
		must(t, err)
		if err := m.Create(t.Context(), "D:/x"); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", answer, err, want)
		}
	}
	write := remotedir.Step{Kind: remotedir.Write, Path: "D:/x", Pieces: []remotedir.Piece{piece(0, []byte("mine"))}, Size: -1}
	for _, c := range []struct {
		answers []string
		words   string
		commands,
		done int
	}{
		{[]string{"!5377 offlinejoin: it does not hold what was written", ""}, "does not hold what was written", 3, 0},
		{[]string{"!5377 offlinejoin: a file has changed", ""}, remotedir.ErrDiffers.Error(), 3, 0},
		{[]string{didAStep + "!112 full"}, imagefs.ErrNoSpace.Error(), 2, 1}, // it erased the file itself
		{[]string{didAStep}, "did not report what it has done", 2, 1},
	} {
		w := &winPE{answers: append([]string{probed}, c.answers...)}
		m, err := guest.Open(t.Context(), w, `D:\Windows`)
		must(t, err)
		batcher, _ := m.(remotedir.Batcher)
		done, err := batcher.Batch(t.Context(), []remotedir.Step{write, write})
		if err == nil || !strings.Contains(err.Error(), c.words) || done != c.done || len(w.scripts) != c.commands {
			t.Errorf("%q: %d steps, %d commands, error %v", c.answers, done, len(w.scripts), err)
		}
	}
}

// cmd.exe takes no line longer than 8191 characters.
func TestWindowsGuestCommandsFitALine(t *testing.T) {
	t.Parallel()
	long := `D:\` + strings.Repeat("a", 200) + `\Windows`
	var pieces []remotedir.Piece
	for i := range 40 {
		pieces = append(pieces, piece(1<<30+int64(i)*8192, bytes.Repeat([]byte{1}, 4096)))
	}
	w := &winPE{answers: []string{probed, didAStep, "Erased=yes\n" + strings.Repeat("Sum=\n", 40)}}
	m, err := guest.Open(t.Context(), w, long)
	must(t, err)
	must(t, m.Write(t.Context(), m.Join(long, "System32/config/SYSTEM"), pieces, -1))
	var paths []string
	for i := range 40 {
		paths = append(paths, m.Join(long, "System32/config/SYSTEM.LOG"+strconv.Itoa(i)))
	}
	sums, err := m.Digests(t.Context(), paths) // too long for a line, so that it is sent as a file
	must(t, err)
	if len(sums) != len(paths) || !strings.Contains(string(w.uploaded), "SYSTEM.LOG39'") {
		t.Errorf("%d digests; sent: %.200q", len(sums), w.uploaded)
	}
	if w.longest > 8191 {
		t.Errorf("a command line has %d characters", w.longest)
	}
}

func TestARunningWindowsIsRefused(t *testing.T) {
	t.Parallel()
	for _, path := range []string{`C:\Windows`, `c:/windows/`, `C:\WINDOWS`} {
		_, err := guest.Open(t.Context(), &winPE{answers: []string{"SystemRoot=C:\\Windows\nTemp=C:\\Temp\\\n"}}, path)
		if err == nil || !strings.Contains(err.Error(), "is the Windows that this guest is running") ||
			!strings.HasSuffix(err.Error(), "(170 ERROR_BUSY)") {
			t.Errorf("%s: %v", path, err)
		}
	}
	// the same behind a POSIX shell on Windows, which these two programs make of this machine
	bin := t.TempDir()
	for name, script := range map[string]string{
		"uname": "echo MINGW64_NT-10.0", "cygpath": `case $2 in [Cc]:*|/c/*) echo /c/windows;; *) echo "$2";; esac`,
	} {
		must(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	comm := &shell{prefix: "PATH=" + bin + ":$PATH SYSTEMROOT='C:\\Windows' "}
	if _, err := guest.Open(t.Context(), comm, "/c/Windows"); err == nil ||
		!strings.Contains(err.Error(), "is the Windows that this guest is running") {
		t.Errorf("behind a POSIX shell: %v", err)
	}
	if _, err := guest.Open(t.Context(), comm, "/d/Windows"); err != nil {
		t.Errorf("another volume: %v", err)
	}
}

func TestWindowsGuestRefusals(t *testing.T) {
	t.Parallel()
	for want, w := range map[string]*winPE{
		"the guest runs no PowerShell: add the optional components WinPE-NetFx and WinPE-PowerShell": {},
		"is no plain absolute path of the guest":                                                     {answers: []string{probed}},
	} {
		if _, err := guest.Open(t.Context(), w, `Windows`); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
