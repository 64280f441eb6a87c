package guest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
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
// standard input, so what is to be written goes through one file in the guest's temporary folder, which is removed.
type windows struct {
	comm packersdk.Communicator
	temp string // the guest's temporary folder, with a backslash at its end
}

var _ remotedir.Machine = (*windows)(nil)

func openWindows(ctx context.Context, comm packersdk.Communicator, windowsPath string) (remotedir.Machine, error) {
	w := &windows{comm: comm}
	out, err := w.do(ctx, `'SystemRoot='+$env:SystemRoot; 'Temp='+[IO.Path]::GetTempPath()`)
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
	return !strings.ContainsAny(path, "'\"$`%&|<>^;*?\n\r")
}

func lineOf(text, prefix string) string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), prefix); ok {
			return rest
		}
	}
	return ""
}

// failPrefix begins the line by which a script tells why it failed: the low half of the HRESULT, which is a Win32 code
// ([MS-ERREF] 2.1), and the text.
const failPrefix = "offlinejoin failed "

// do runs a script and returns what it printed.
func (w *windows) do(ctx context.Context, script string) (string, error) {
	whole := `$ErrorActionPreference='Stop';$ProgressPreference='SilentlyContinue';try{` + script + `}catch{` +
		`$e=$_.Exception;while($e.InnerException){$e=$e.InnerException};` +
		`'` + failPrefix + `'+($e.HResult -band 65535)+' '+$e.Message;exit 1}`
	told, err := run(ctx, w.comm, "powershell -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand "+
		encodeScript(whole), nil, maxTold)
	if err != nil {
		return "", err
	}
	out := strings.ReplaceAll(string(told.stdout), "\r\n", "\n")
	if told.code == 0 {
		return out, nil
	}
	code, says, _ := strings.Cut(lineOf(out, failPrefix), " ")
	return "", windowsError(code, says, told)
}

// encodeScript is what -EncodedCommand wants: base64 of UTF-16LE.
func encodeScript(script string) string {
	var raw []byte
	for _, u := range utf16.Encode([]rune(script)) {
		raw = binary.LittleEndian.AppendUint16(raw, u)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func windowsError(code, says string, told result) error {
	switch code {
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
	return fmt.Errorf("the guest says: %s", printable(says))
}

// literal is a text in PowerShell that nothing is replaced in.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

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

// The attributes of a Windows file ([MS-FSCC] 2.6).
const (
	attributeDirectory = 0x10
	attributeReparse   = 0x400
)

// List implements remotedir.Machine.
func (w *windows) List(ctx context.Context, dir string) ([]remotedir.Entry, error) {
	out, err := w.do(ctx, `$d=New-Object IO.DirectoryInfo `+literal(dir)+`;`+
		`if(!$d.Exists){throw (New-Object IO.DirectoryNotFoundException)};`+
		`if($d.Attributes -band 1024){throw 'it is a link'};`+
		`foreach($f in $d.GetFileSystemInfos()){$s=0;if($f -is [IO.FileInfo]){$s=$f.Length};`+
		`'{0} {1} {2}' -f [int]$f.Attributes,$s,[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($f.Name))}`)
	if err != nil {
		return nil, err
	}
	var entries []remotedir.Entry
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		attributes, err1 := strconv.ParseUint(fields[0], 10, 32)
		size, err2 := strconv.ParseInt(fields[1], 10, 64)
		name, err3 := base64.StdEncoding.DecodeString(fields[2])
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, fmt.Errorf("the guest describes a file in words that are not known: %q", printable(line))
		}
		entries = append(entries, remotedir.Entry{Name: string(name), Mode: attributesType(attributes), Size: size, Links: 1})
	}
	return entries, nil
}

func attributesType(attributes uint64) fs.FileMode {
	switch {
	case attributes&attributeReparse != 0:
		return fs.ModeIrregular
	case attributes&attributeDirectory != 0:
		return fs.ModeDir
	}
	return 0
}

// Fetch implements remotedir.Machine.
func (w *windows) Fetch(ctx context.Context, path string, limit int64) ([]byte, error) {
	out, err := w.do(ctx, `'Size='+(New-Object IO.FileInfo `+literal(path)+`).Length`)
	if err != nil {
		return nil, err
	}
	size, err := strconv.ParseInt(lineOf(out, "Size="), 10, 64)
	if err != nil || size > limit {
		return nil, fmt.Errorf("it has %s bytes, too many to fetch", lineOf(out, "Size="))
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

// inTime waits for what knows no context.
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

const hashOf = `(([Security.Cryptography.SHA256]::Create().ComputeHash($s)|%{$_.ToString('x2')}) -join '')`

// Digests implements remotedir.Machine.
func (w *windows) Digests(ctx context.Context, paths []string) ([]string, error) {
	quoted := make([]string, len(paths))
	for i, p := range paths {
		quoted[i] = literal(p)
	}
	out, err := w.do(ctx, `foreach($p in @(`+strings.Join(quoted, ",")+`)){if([IO.File]::Exists($p)){`+
		`$s=[IO.File]::Open($p,'Open','Read','Read');'Sum='+`+hashOf+`;$s.Close()}else{'Sum='}}`)
	if err != nil {
		return nil, err
	}
	var sums []string
	for line := range strings.Lines(out) {
		if sum, ok := strings.CutPrefix(strings.TrimSpace(line), "Sum="); ok {
			sums = append(sums, sum)
		}
	}
	return sums, nil
}

// Create implements remotedir.Machine. The file has the rights that its folder gives.
func (w *windows) Create(ctx context.Context, path string) error {
	_, err := w.do(ctx, `[IO.File]::Open(`+literal(path)+`,'CreateNew','Write','None').Close()`)
	return err
}

// Mkdir implements remotedir.Machine. .NET would take a directory that is there.
func (w *windows) Mkdir(ctx context.Context, path string) error {
	_, err := w.do(ctx, `[void](New-Item -ItemType Directory -Path `+literal(path)+`)`)
	return err
}

// RemoveDir implements remotedir.Machine.
func (w *windows) RemoveDir(ctx context.Context, path string) error {
	_, err := w.do(ctx, `[IO.Directory]::Delete(`+literal(path)+`,$false)`)
	return err
}

// maxPieces bounds how many pieces one command line of cmd.exe (8191 characters) has to tell of.
const maxPieces = 40

// Write implements remotedir.Machine.
func (w *windows) Write(ctx context.Context, path string, pieces []remotedir.Piece, size int64) error {
	for len(pieces) > 0 {
		n := min(len(pieces), maxPieces)
		if err := w.writeSome(ctx, path, pieces[:n]); err != nil {
			return err
		}
		pieces = pieces[n:]
	}
	if size < 0 {
		return nil
	}
	_, err := w.do(ctx, `$f=[IO.File]::Open(`+literal(path)+`,'Open','ReadWrite','None');$f.SetLength(`+
		strconv.FormatInt(size, 10)+`);$f.Flush($true);$f.Close()`)
	return err
}

// writeSome uploads pieces as one file, has the guest put them in place, and compares what it then reads there.
func (w *windows) writeSome(ctx context.Context, path string, pieces []remotedir.Piece) (err error) {
	var all bytes.Buffer
	var places []string
	for _, p := range pieces {
		places = append(places, fmt.Sprintf("%d,%d", p.Offset, len(p.Data)))
		all.Write(p.Data)
	}
	want := sha256.Sum256(all.Bytes())
	defer clear(all.Bytes())
	temp := w.Join(w.temp, "odj"+strings.ToLower(rand.Text()[:8])+".tmp")
	defer func() { err = errors.Join(err, w.erase(context.WithoutCancel(ctx), temp)) }()
	info := uploaded{int64(all.Len())}.asFileInfo()
	upload := bytes.NewReader(all.Bytes())
	if err := inTime(ctx, func() error { return w.comm.Upload(temp, upload, info) }); err != nil {
		return err
	}
	out, err := w.do(ctx, `$n=[IO.File]::ReadAllBytes(`+literal(temp)+`);$s=New-Object IO.MemoryStream;`+
		`$f=[IO.File]::Open(`+literal(path)+`,'Open','ReadWrite','None');$w=@(`+strings.Join(places, ",")+`);$o=0;`+
		`for($i=0;$i -lt $w.Count;$i+=2){$f.Position=$w[$i];$f.Write($n,$o,$w[$i+1]);$o+=$w[$i+1]};$f.Flush($true);`+
		`for($i=0;$i -lt $w.Count;$i+=2){$b=New-Object byte[] $w[$i+1];$f.Position=$w[$i];`+
		`[void]$f.Read($b,0,$b.Length);$s.Write($b,0,$b.Length)};$f.Close();$s.Position=0;'Sum='+`+hashOf)
	if err == nil && lineOf(out, "Sum=") != hex.EncodeToString(want[:]) {
		err = result{code: exitDiffers}.failed()
	}
	return err
}

// eraseLimit bounds the removal of a file that must not stay behind, even when the build was interrupted.
const eraseLimit = 30 * time.Second

// erase overwrites a file with zeros and removes it, if it is there.
func (w *windows) erase(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, eraseLimit)
	defer cancel()
	file := literal(path)
	_, err := w.do(ctx, `if([IO.File]::Exists(`+file+`)){$f=[IO.File]::Open(`+file+`,'Open','Write','None');`+
		`$z=New-Object byte[] $f.Length;$f.Write($z,0,$z.Length);$f.Flush($true);$f.Close();[IO.File]::Delete(`+file+`)}`)
	return err
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
	_, err := w.do(ctx, `[IO.File]::Copy(`+literal(from)+`,`+literal(to)+`,$true);`+
		`$f=[IO.File]::Open(`+literal(to)+`,'Open','ReadWrite','None');$f.Flush($true);$f.Close()`)
	return err
}

// Rename implements remotedir.Machine.
func (w *windows) Rename(ctx context.Context, from, to string) error {
	_, err := w.do(ctx, `if([IO.File]::Exists(`+literal(to)+`)){[IO.File]::Replace(`+literal(from)+`,`+literal(to)+
		`,[NullString]::Value)}else{[IO.File]::Move(`+literal(from)+`,`+literal(to)+`)}`)
	return err
}

// Remove implements remotedir.Machine.
func (w *windows) Remove(ctx context.Context, paths ...string) error {
	script := ""
	for _, p := range paths {
		script += `[IO.File]::Delete(` + literal(p) + `);`
	}
	_, err := w.do(ctx, script)
	return err
}

// SyncDir implements remotedir.Machine: NTFS keeps names in its journal, and Windows has nothing to wait for.
func (w *windows) SyncDir(context.Context, string) error { return nil }
