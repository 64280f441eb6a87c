package guest

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// windows is a Windows guest: WinPE, or a Windows that has the volume of another mounted. WinRM gives commands no
// standard input, so what is to be written goes through one file in the guest's temporary folder, which is removed; see
// [windows.Batch].
type windows struct {
	comm packersdk.Communicator
	temp string // the guest's temporary folder, with a backslash at its end
}

var _ remotedir.Machine = (*windows)(nil)

func openWindows(ctx context.Context, comm packersdk.Communicator, windowsPath string) (remotedir.Machine, error) {
	w := &windows{comm: comm}
	var out string
	_, err := probe(ctx, func(ctx context.Context) (_ result, err error) {
		out, err = w.do(ctx, "powershell/probe.ps1", nil)
		return result{}, err
	})
	if err != nil {
		return nil, winerr.Errorf(winerr.NotSupported, "the guest runs no PowerShell: add the optional components WinPE-NetFx "+
			"and WinPE-PowerShell to the WinPE, or use a Linux rescue system: %w", err)
	}
	root, temp := lineOf(out, "SystemRoot="), lineOf(out, "Temp=")
	if SameWindowsPath(windowsPath, root) {
		return nil, Running(windowsPath)
	}
	if !plainWindowsPath(windowsPath) {
		return nil, winerr.Errorf(winerr.InvalidParameter, `windows_path %s is no plain absolute path of the guest: give `+
			`where the image's Windows directory is there, such as D:\Windows`, windowsPath)
	}
	w.temp = temp
	return w, nil
}

// SameWindowsPath compares two paths as Windows does: without case, with either slash.
func SameWindowsPath(a, b string) bool {
	clean := func(s string) string { return strings.TrimRight(strings.ReplaceAll(s, "/", `\`), `\`) }
	return a != "" && strings.EqualFold(clean(a), clean(b))
}

// plainWindowsPath accepts a drive's absolute path without what the communicators' own commands would interpret.
func plainWindowsPath(path string) bool {
	if len(path) < 4 || path[1] != ':' || path[2] != '\\' && path[2] != '/' {
		return false
	}
	return !strings.ContainsAny(path, singleQuotes+"\"\u201c\u201d\u201e$`%&|<>^;*?\n\r")
}

// variable sets one for a script. Its value is an expression of PowerShell; see literal and literals.
type variable struct{ name, value string }

// do runs an embedded script with variables, and returns what it printed. before are the scripts that go before it.
func (w *windows) do(ctx context.Context, name string, variables []variable, before ...string) (string, error) {
	return w.doWithin(ctx, maxTold, name, variables, before...)
}

// doWithin is do for a script that prints at most limit bytes. One that is too long for a command line is uploaded.
func (w *windows) doWithin(ctx context.Context, limit int64, name string, variables []variable, before ...string) (string, error) {
	command := commandOf(name, variables, before...)
	if len(command) > maxLine {
		return w.send(ctx, bodyOf(name, variables, before...), nil)
	}
	return w.answer(ctx, limit, command)
}

// maxLine bounds a command line in characters: cmd.exe, by which WinRM starts commands, takes 8191 (documented).
const maxLine = 8000

// bodyOf returns an embedded script behind its variables and the scripts that go before it.
func bodyOf(name string, variables []variable, before ...string) string {
	var b strings.Builder
	for _, v := range variables {
		fmt.Fprintf(&b, "$%s=%s\n", v.name, v.value)
	}
	b.WriteString(script(append(before, name)...))
	return b.String()
}

// commandOf returns the command line that runs it.
func commandOf(name string, variables []variable, before ...string) string {
	whole := strings.Replace(script("powershell/frame.ps1"), bodyMark, bodyOf(name, variables, before...), 1)
	return "powershell -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand " + encodeScript(whole)
}

// answer runs a command line and returns what it printed, beside an error too.
func (w *windows) answer(ctx context.Context, limit int64, command string) (string, error) {
	told, err := run(ctx, w.comm, command, nil, limit)
	if err != nil {
		return "", err
	}
	out := strings.ReplaceAll(string(told.stdout), "\r\n", "\n")
	if told.code == 0 {
		return out, nil
	}
	return out, windowsError(parseFailure(out), told)
}

// on is the variable that most scripts have: the file or directory that they work on.
func on(path string) []variable { return []variable{{"path", literal(path)}} }

// encodeScript is what -EncodedCommand wants: base64 of UTF-16LE.
func encodeScript(script string) string {
	var raw []byte
	for _, u := range utf16.Encode([]rune(script)) {
		raw = binary.LittleEndian.AppendUint16(raw, u)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// What the scripts throw by themselves.
const (
	thrownChanged = "offlinejoin: a file has changed"
	thrownDiffers = "offlinejoin: it does not hold what was written"
)

// windowsError returns the error that a script's failure means. Codes are those of package winerr.
func windowsError(f failure, told result) error {
	switch f.text {
	case thrownChanged:
		return remotedir.ErrDiffers
	case thrownDiffers:
		return result{code: exitDiffers}.failed()
	}
	switch f.code {
	case "2", "3":
		return fs.ErrNotExist
	case "5":
		return fs.ErrPermission
	case "19":
		return imagefs.ErrReadOnly
	case "32", "33":
		return errors.New("another program of the guest uses it")
	case "80", "183":
		return fs.ErrExist
	case "112", "39":
		return imagefs.ErrNoSpace
	case "":
		return fmt.Errorf("the guest's command ended with code %d: %s", told.code, told.stderr)
	}
	return fmt.Errorf("the guest says: %s", f.text)
}

// singleQuotes are the characters that PowerShell takes for one (documented: CodeGeneration's
// EscapeSingleQuotedStringContent doubles each of them). A file of the image may have them in its name.
const singleQuotes = "'\u2018\u2019\u201a\u201b"

// literal is a text in PowerShell that nothing is replaced in.
func literal(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		if strings.ContainsRune(singleQuotes, r) {
			b.WriteRune(r)
		}
		b.WriteRune(r)
	}
	b.WriteByte('\'')
	return b.String()
}

// literals is an array of them.
func literals(all []string) string {
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = literal(s)
	}
	return "@(" + strings.Join(quoted, ",") + ")"
}

// Join implements remotedir.Machine. It writes slashes, which Windows takes and scp needs.
func (w *windows) Join(dir, name string) string {
	return strings.TrimRight(strings.ReplaceAll(dir, `\`, "/"), "/") + "/" + name
}

// Split implements remotedir.Machine.
func (w *windows) Split(name string) (dir, base string) {
	clean := strings.TrimRight(strings.ReplaceAll(name, `\`, "/"), "/")
	i := strings.LastIndexByte(clean, '/')
	if i < 0 { // a drive
		return clean + "/", ""
	}
	return clean[:i+1], clean[i+1:]
}

// List implements remotedir.Machine.
func (w *windows) List(ctx context.Context, dir string) ([]remotedir.Entry, error) {
	out, err := w.do(ctx, "powershell/list.ps1", on(dir), "powershell/entries.ps1")
	if err != nil {
		return nil, err
	}
	return parseWindowsList(out)
}

// Fetch implements remotedir.Machine.
func (w *windows) Fetch(ctx context.Context, path string, limit int64) ([]byte, error) {
	if !plainWindowsPath(path) { // Packer's communicators put it into commands of their own
		return nil, fmt.Errorf("its name has a character that cannot be given to the guest: %s", oneLine(path))
	}
	out, err := w.do(ctx, "powershell/size.ps1", on(path))
	if err != nil {
		return nil, err
	}
	size, err := strconv.ParseInt(lineOf(out, "Size="), 10, 64)
	if err != nil || size > limit {
		return nil, fmt.Errorf("it has %s bytes, too many to fetch", oneLine(lineOf(out, "Size=")))
	}
	content := &bounded{limit: limit}
	if err := inTime(ctx, func() error { return w.comm.Download(path, content) }); err != nil {
		return nil, err
	}
	if int64(len(content.data)) != size {
		return nil, errors.New("it changed, or was cut off, while it was fetched")
	}
	return content.data, nil
}

// FetchHead implements remotedir.HeadFetcher.
func (w *windows) FetchHead(ctx context.Context, path string, n int) ([]byte, error) {
	out, err := w.do(ctx, "powershell/head.ps1", append(on(path), variable{"count", strconv.Itoa(n)}))
	if err != nil {
		return nil, err
	}
	head, err := hex.DecodeString(strings.ReplaceAll(lineOf(out, "Head="), "-", ""))
	if err != nil || len(head) > n {
		return nil, fmt.Errorf("the guest did not print the beginning of the file: %s", oneLine(out))
	}
	return head, nil
}

// inTime waits for a call that takes no context, at most until the context's end.
func inTime(ctx context.Context, do func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- do() }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-ended:
		return err
	}
}

// Digests implements remotedir.Machine.
func (w *windows) Digests(ctx context.Context, paths []string) ([]string, error) {
	out, err := w.do(ctx, "powershell/digests.ps1", []variable{{"paths", literals(paths)}}, "powershell/sum.ps1")
	if err != nil {
		return nil, err
	}
	return parseWindowsDigests(out), nil
}

// Create implements remotedir.Machine.
func (w *windows) Create(ctx context.Context, path string) error {
	_, err := w.do(ctx, "powershell/create.ps1", on(path))
	return err
}

// Mkdir implements remotedir.Machine.
func (w *windows) Mkdir(ctx context.Context, path string) error {
	_, err := w.do(ctx, "powershell/mkdir.ps1", on(path))
	return err
}

// RemoveDir implements remotedir.Machine.
func (w *windows) RemoveDir(ctx context.Context, path string) error {
	_, err := w.do(ctx, "powershell/rmdir.ps1", on(path))
	return err
}

// Write implements remotedir.Machine.
func (w *windows) Write(ctx context.Context, path string, pieces []remotedir.Piece, size int64) error {
	_, err := w.Batch(ctx, []remotedir.Step{{Kind: remotedir.Write, Path: path, Pieces: pieces, Size: size}})
	return err
}

// eraseLimit bounds the removal of a file that must not stay behind, even when the build was interrupted.
const eraseLimit = 30 * time.Second

// erase overwrites a file with zeros and removes it, if it is there.
func (w *windows) erase(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, eraseLimit)
	defer cancel()
	return w.Scrub(ctx, path)
}

// uploaded describes an upload. Without its size Packer's ssh communicator puts the whole into a temporary file.
type uploaded struct{ size int64 }

func (u uploaded) asFileInfo() *os.FileInfo {
	var info os.FileInfo = u
	return &info
}

func (u uploaded) Name() string       { return "offlinejoin" }
func (u uploaded) Size() int64        { return u.size }
func (u uploaded) Mode() fs.FileMode  { return 0o600 }
func (u uploaded) ModTime() time.Time { return time.Time{} }
func (u uploaded) IsDir() bool        { return false }
func (u uploaded) Sys() any           { return nil }

// Copy implements remotedir.Machine.
func (w *windows) Copy(ctx context.Context, from, to string) error {
	_, err := w.do(ctx, "powershell/copy.ps1", append(on(from), variable{"to", literal(to)}))
	return err
}

// Rename implements remotedir.Machine.
func (w *windows) Rename(ctx context.Context, from, to string) error {
	_, err := w.do(ctx, "powershell/rename.ps1", append(on(from), variable{"to", literal(to)}))
	return err
}

// Remove implements remotedir.Machine.
func (w *windows) Remove(ctx context.Context, paths ...string) error {
	_, err := w.do(ctx, "powershell/remove.ps1", []variable{{"paths", literals(paths)}})
	return err
}

// mostScrubbed is remotedir.MaxScrub for a script.
var mostScrubbed = strconv.FormatInt(remotedir.MaxScrub, 10)

// Scrub implements remotedir.Machine.
func (w *windows) Scrub(ctx context.Context, paths ...string) error {
	_, err := w.do(ctx, "powershell/scrub.ps1", []variable{
		{"paths", literals(paths)}, {"most", mostScrubbed},
	})
	return err
}

// SyncDir implements remotedir.Machine: NTFS keeps names in its journal, and Windows has nothing to wait for.
func (w *windows) SyncDir(context.Context, string) error { return nil }
