package guest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf16"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	"github.com/offlinejoin/offlinejoin/provisioner/offlinejoin/guest"
)

// standIn plays a Windows guest whose drive D: and temporary folder are folders of this machine. It runs no PowerShell, which is
// not to be had here: it knows the scripts by their texts, takes their variables out of what is sent, and does what each script
// is documented to do. So it shows what travels, and in how many round trips; that the scripts do what they say is inferred.
type standIn struct {
	packersdk.MockCommunicator
	drive, temp string
	trips       atomic.Int64 // commands, uploads and downloads
	longest     int          // of the command lines
	stops       int64        // how many steps are done, in all commands, when the connection breaks; 0: it does not
	steps       atomic.Int64 // that were done
}

// newStandIn plays a guest that has the drive of a Windows directory as D:.
func newStandIn(windows, temp string) *standIn {
	return &standIn{drive: filepath.Dir(windows), temp: temp}
}

// here returns where a path of the guest is.
func (g *standIn) here(path string) string {
	path = strings.ReplaceAll(path, `\`, "/")
	for drive, folder := range map[string]string{"D:": g.drive, "X:/Temp": g.temp} {
		if rest, ok := strings.CutPrefix(path, drive); ok {
			return filepath.Join(folder, filepath.FromSlash(rest))
		}
	}
	return filepath.Join(g.temp, "nowhere")
}

var errBroken = errors.New("the connection broke")

// Start implements packer.Communicator.
func (g *standIn) Start(_ context.Context, cmd *packersdk.RemoteCmd) error {
	g.trips.Add(1)
	g.longest = max(g.longest, len(cmd.Command))
	if strings.HasPrefix(cmd.Command, "echo ") {
		_, err := io.WriteString(cmd.Stdout, "\"offlinejoin [$PSHOME] [Windows_NT]\"\r\n")
		cmd.SetExited(0)
		return err
	}
	var out bytes.Buffer
	err := g.run(cmd.Command, &out)
	if errors.Is(err, errBroken) {
		cmd.SetExited(packersdk.CmdDisconnect)
		return nil
	}
	code := 0
	if err != nil {
		code = 1
		fmt.Fprintf(&out, "offlinejoin failed %d %v\n", codeOf(err), err)
	}
	_, err = io.WriteString(cmd.Stdout, strings.ReplaceAll(out.String(), "\n", "\r\n"))
	cmd.SetExited(code)
	return err
}

// codeOf is what Windows calls an error.
func codeOf(err error) int {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 2
	case errors.Is(err, fs.ErrExist):
		return 80
	}
	return 5377 // of what a script throws
}

// Upload implements packer.Communicator.
func (g *standIn) Upload(to string, r io.Reader, _ *os.FileInfo) error {
	g.trips.Add(1)
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return os.WriteFile(g.here(to), content, 0o600)
}

// Download implements packer.Communicator.
func (g *standIn) Download(from string, w io.Writer) error {
	g.trips.Add(1)
	content, err := os.ReadFile(g.here(from))
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}

// run runs a command line that has a script.
func (g *standIn) run(command string, out *bytes.Buffer) error {
	_, encoded, ok := strings.Cut(command, "-EncodedCommand ")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return fmt.Errorf("no script: %.80s", command)
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	before, after, _ := strings.Cut(guest.Script("powershell/frame.ps1"), "# BODY")
	body, begins := strings.CutPrefix(string(utf16.Decode(units)), before)
	body, ends := strings.CutSuffix(body, after)
	if !begins || !ends {
		return errors.New("the script has no frame")
	}
	return g.script(body, nil, out)
}

// bodies returns the scripts that run alone, with what goes before them.
func bodies() map[string]string {
	all := map[string]string{}
	for name, before := range map[string]string{
		"probe": "", "list": "entries", "lists": "entries", "size": "", "head": "", "digests": "sum", "fetches": "", "create": "",
		"mkdir": "", "rmdir": "", "copy": "", "rename": "", "remove": "", "scrub": "", "run": "sum",
	} {
		files := []string{"powershell/" + name + ".ps1"}
		if before != "" {
			files = append([]string{"powershell/" + before + ".ps1"}, files...)
		}
		all[guest.Script(files...)] = name
	}
	return all
}

// script runs variables and a script, or a batch of steps. all is what was sent with it.
func (g *standIn) script(text string, all []byte, out *bytes.Buffer) error {
	if calls, isBatch := strings.CutPrefix(text, guest.WindowsLibrary()); isBatch {
		return g.batch(calls, all, out)
	}
	set := map[string]any{}
	for known := bodies(); ; {
		if name, ok := known[text]; ok {
			return g.do(name, set, nil, out)
		}
		assignment, isOne := strings.CutPrefix(text, "$")
		name, value, hasValue := strings.Cut(assignment, "=")
		if !isOne || !hasValue {
			return fmt.Errorf("an unknown script: %.80q", text)
		}
		parsed, rest, err := parseValue(value, 0)
		if err != nil {
			return err
		}
		set[name], text = parsed, strings.TrimPrefix(rest, "\n")
	}
}

// batch runs the calls of a batch.
func (g *standIn) batch(calls string, all []byte, out *bytes.Buffer) error {
	count := int64(len(guest.WindowsLibrary()) + len(calls))
	for calls != "" {
		if mark, rest, ok := strings.Cut(calls, "\n"); ok && mark == "'offlinejoin did a step'" {
			fmt.Fprintln(out, mark[1:len(mark)-1])
			if g.steps.Add(1) == g.stops {
				return errBroken
			}
			calls = rest
			continue
		}
		called, isCall := strings.CutPrefix(calls, "odj_")
		name, rest, hasArguments := strings.Cut(called, " ")
		parameters := guest.WindowsParameters(name)
		if !isCall || !hasArguments || parameters == "" {
			return fmt.Errorf("an unknown call: %.80q", calls)
		}
		set := map[string]any{}
		for i, parameter := range strings.Split(parameters, ",") {
			if i > 0 {
				rest = strings.TrimPrefix(rest, " ")
			}
			value, left, err := parseValue(rest, count)
			if err != nil {
				return err
			}
			set[strings.TrimPrefix(parameter, "$")], rest = value, left
		}
		if calls, isCall = strings.CutPrefix(rest, "\n"); !isCall {
			return fmt.Errorf("a call with more than its parameters: %.80q", rest)
		}
		if err := g.do(name, set, all, out); err != nil {
			return err
		}
	}
	return nil
}

// parseValue reads a text, a number, a sum of numbers in parentheses, or an array, as the scripts have them. $count is count.
func parseValue(s string, count int64) (value any, rest string, err error) {
	switch {
	case strings.HasPrefix(s, "'"):
		return parseText(s)
	case strings.HasPrefix(s, "@("):
		rest, all := s[len("@("):], []any{}
		for !strings.HasPrefix(rest, ")") {
			var one any
			if one, rest, err = parseValue(strings.TrimPrefix(rest, ","), count); err != nil {
				return nil, "", err
			}
			all = append(all, one)
		}
		return all, rest[1:], nil
	case strings.HasPrefix(s, "("):
		inner, rest, _ := strings.Cut(s[1:], ")")
		sum := int64(0)
		for _, part := range strings.Split(inner, "+") {
			n, err := strconv.ParseInt(part, 10, 64)
			if part == "$count" {
				n, err = count, nil
			}
			if err != nil {
				return nil, "", err
			}
			sum += n
		}
		return sum, rest, nil
	}
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(s)
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	return n, s[end:], err
}

func parseText(s string) (value any, rest string, err error) {
	var b strings.Builder
	for rest = s[1:]; ; {
		before, after, found := strings.Cut(rest, "'")
		if !found {
			return nil, "", fmt.Errorf("a text without an end: %.80q", s)
		}
		b.WriteString(before)
		if !strings.HasPrefix(after, "'") {
			return b.String(), after, nil
		}
		b.WriteByte('\'')
		rest = after[1:]
	}
}

// do does what a script is documented to do.
func (g *standIn) do(name string, set map[string]any, all []byte, out *bytes.Buffer) error {
	text := func(key string) string { s, _ := set[key].(string); return s }
	number := func(key string) int64 { n, _ := set[key].(int64); return n }
	path, to := g.here(text("path")), g.here(text("to"))
	switch name {
	case "probe":
		fmt.Fprintf(out, "SystemRoot=X:\\Windows\nTemp=X:\\Temp\\\n")
	case "list":
		return printEntries(path, out)
	case "lists":
		return g.lists(texts(set["asked"]), out)
	case "size":
		info, err := os.Stat(path)
		if err == nil {
			fmt.Fprintf(out, "Size=%d\n", info.Size())
		}
		return err
	case "head":
		content, err := os.ReadFile(path)
		fmt.Fprintf(out, "Head=%x\n", content[:min(int64(len(content)), number("count"))])
		return err
	case "digests":
		for _, p := range texts(set["paths"]) {
			fmt.Fprintf(out, "Sum=%s\n", sumOfFile(g.here(p)))
		}
	case "expect":
		for i, p := range texts(set["paths"]) {
			if sumOfFile(g.here(p)) != texts(set["want"])[i] {
				return errors.New("offlinejoin: a file has changed")
			}
		}
	case "fetches":
		return g.fetches(texts(set["paths"]), out)
	case "create":
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		return f.Close()
	case "mkdir":
		return os.Mkdir(path, 0o700)
	case "rmdir":
		return os.Remove(path)
	case "write":
		return writePieces(path, set, all)
	case "copy":
		content, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(to, content, 0o600))
	case "rename":
		return os.Rename(path, to)
	case "link":
		return os.Link(path, to)
	case "remove", "scrub":
		if name == "scrub" && number("most") != remotedir.MaxScrub {
			return errors.New("nothing would be overwritten")
		}
		for _, p := range texts(set["paths"]) {
			if err := os.Remove(g.here(p)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	case "run":
		sent, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		fmt.Fprintln(out, "Erased=yes")
		if digest := sha256.Sum256(sent); hex.EncodeToString(digest[:]) != text("sum") {
			return errors.New("what was sent did not arrive whole")
		}
		return g.script(string(sent[:number("count")]), sent, out)
	default:
		return fmt.Errorf("the stand-in does not know %s", name)
	}
	return nil
}

// texts returns an array as texts.
func texts(value any) (all []string) {
	array, _ := value.([]any)
	for _, one := range array {
		s, _ := one.(string)
		all = append(all, s)
	}
	return all
}

// sumOfFile is "" where there is no file.
func sumOfFile(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return sum(content)
}

func printEntries(dir string, out *bytes.Buffer) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		attributes, size := 32, info.Size()
		switch {
		case info.IsDir():
			attributes, size = 16, 0
		case !info.Mode().IsRegular():
			attributes, size = 1024, 0
		}
		fmt.Fprintf(out, "%d %d %s\n", attributes, size, base64.StdEncoding.EncodeToString([]byte(e.Name())))
	}
	return err
}

func (g *standIn) lists(asked []string, out *bytes.Buffer) error {
	for i := 0; i+1 < len(asked); i += 2 {
		dir, below, found := g.here(asked[i]), "", true
		for part := range strings.SplitSeq(asked[i+1], "/") {
			if part == "" {
				continue
			}
			entries, _ := os.ReadDir(dir) // none where it is not there
			found = false
			for _, e := range entries {
				if e.IsDir() && strings.EqualFold(e.Name(), part) {
					dir, below, found = filepath.Join(dir, e.Name()), below+"/"+e.Name(), true
				}
			}
			if !found {
				break
			}
		}
		if info, err := os.Lstat(dir); !found || err != nil || !info.IsDir() {
			continue
		}
		fmt.Fprintf(out, "in %d /%s\n", i/2, base64.StdEncoding.EncodeToString([]byte(below)))
		if err := printEntries(dir, out); err != nil {
			return err
		}
	}
	return nil
}

func (g *standIn) fetches(paths []string, out *bytes.Buffer) error {
	for _, p := range paths {
		content, err := os.ReadFile(g.here(p))
		if err != nil {
			fmt.Fprintln(out, "File=-")
			continue
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(content); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		fmt.Fprintf(out, "File=%d\n", len(content))
		for line := base64.StdEncoding.EncodeToString(packed.Bytes()); line != ""; {
			n := min(76, len(line))
			fmt.Fprintln(out, line[:n])
			line = line[n:]
		}
	}
	return nil
}

func writePieces(path string, set map[string]any, all []byte) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	places, _ := set["w"].([]any)
	from, _ := set["o"].(int64)
	var written []byte
	for i := 0; i+1 < len(places); i += 2 {
		offset, _ := places[i].(int64)
		length, _ := places[i+1].(int64)
		piece := all[from : from+length]
		if _, err := f.WriteAt(piece, offset); err != nil {
			return err
		}
		written = append(written, piece...)
		from += length
	}
	if size, _ := set["size"].(int64); size >= 0 {
		if err := f.Truncate(size); err != nil {
			return err
		}
	}
	if want, _ := set["want"].(string); want != sum(written) {
		return errors.New("offlinejoin: it does not hold what was written")
	}
	return nil
}
