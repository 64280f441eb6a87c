package guest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"unicode"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// The guest is trusted, the image that it has mounted is not: names, sizes and attributes are the image's.

// oneLine returns what a guest printed as one line that is safe to show. Its lines are joined by "; ".
func oneLine(s string) string {
	const longest = 4 * plaintext.Name // of what is looked at; a character has at most four bytes
	s = s[:min(len(s), longest)]
	parts := strings.FieldsFunc(s, func(c rune) bool { return c == '\n' || c == '\r' })
	for i, part := range parts {
		parts[i] = strings.TrimFunc(plaintext.Line(part, 0), unicode.IsSpace)
	}
	return plaintext.Line(strings.Join(parts, "; "), plaintext.Name)
}

// lineOf returns the rest of the first line that begins with prefix, without blanks around it; "" when none does.
func lineOf(text, prefix string) string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), prefix); ok {
			return rest
		}
	}
	return ""
}

// unknownEntry refuses a line that describes an entry of a directory in no way that the scripts do.
func unknownEntry(line string) error {
	return fmt.Errorf("the guest describes a file in words that are not known: %q", oneLine(line))
}

// isName reports whether a name can be that of an entry of a directory.
func isName(name, separators string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, separators+"\x00")
}

// parsePosixList reads what posix/list.sh printed.
func parsePosixList(out string) ([]remotedir.Entry, error) {
	var entries []remotedir.Entry
	for line := range strings.Lines(out) {
		e, err := parseEntry(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// parsePosixLists reads what posix/lists.sh printed. A listing that cannot be read is left out, so that whoever asks for
// it alone gets the error.
func parsePosixLists(out string) ([]remotedir.Listing, error) {
	var all []remotedir.Listing
	var bad bool
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if header, ok := strings.CutPrefix(line, "in "); ok {
			index, name, _ := strings.Cut(header, " ")
			asked, err := strconv.ParseUint(index, 10, 16)
			if err != nil {
				return nil, unknownEntry(line)
			}
			all, bad = append(all, remotedir.Listing{Asked: int(asked), Name: strings.Trim(name, "/")}), false
			continue
		}
		if bad {
			continue
		}
		e, err := parseEntry(line)
		switch {
		case len(all) == 0:
			return nil, unknownEntry(line)
		case err != nil:
			all, bad = all[:len(all)-1], true
			continue
		}
		last := &all[len(all)-1]
		last.Entries = append(last.Entries, e)
	}
	return all, nil
}

// parsePosixFetches reads what posix/fetches.sh printed of n files; nil is one that is not there.
func parsePosixFetches(out []byte, n int) ([][]byte, error) {
	all := make([][]byte, 0, n)
	for range n {
		length, rest, found := bytes.Cut(out, []byte("\n"))
		out = rest
		if found && string(length) == "-" {
			all = append(all, nil)
			continue
		}
		size, err := strconv.ParseUint(string(length), 10, 62)
		if !found || err != nil || size > uint64(len(out)) {
			return nil, errors.New("a file changed, or was cut off, while it was fetched")
		}
		all = append(all, bytes.Clone(out[:size]))
		out = out[size:]
	}
	if len(out) > 0 {
		return nil, errors.New("the guest answers more than it was asked for")
	}
	return all, nil
}

// parseEntry reads "MODE-IN-HEX SIZE LINKS PATH".
func parseEntry(line string) (remotedir.Entry, error) {
	fields := strings.SplitN(line, " ", 4)
	if len(fields) != 4 {
		return remotedir.Entry{}, unknownEntry(line)
	}
	mode, err1 := strconv.ParseUint(fields[0], 16, 32)
	size, err2 := strconv.ParseUint(fields[1], 10, 63)
	links, err3 := strconv.ParseUint(fields[2], 10, 31)
	name := path.Base(fields[3])
	if errors.Join(err1, err2, err3) != nil || !isName(name, "/") {
		return remotedir.Entry{}, unknownEntry(line)
	}
	return remotedir.Entry{Name: name, Mode: fileType(mode), Size: int64(size), Links: int(links)}, nil
}

// fileType turns the type bits of POSIX (sys/stat.h) into Go's.
func fileType(mode uint64) fs.FileMode {
	switch mode & 0o170000 {
	case 0o100000:
		return 0
	case 0o040000:
		return fs.ModeDir
	case 0o120000:
		return fs.ModeSymlink
	case 0o010000:
		return fs.ModeNamedPipe
	case 0o140000:
		return fs.ModeSocket
	case 0o060000, 0o020000:
		return fs.ModeDevice
	}
	return fs.ModeIrregular
}

// parseWindowsList reads what powershell/list.ps1 printed: "ATTRIBUTES SIZE NAME-IN-BASE64" lines. Lines of another
// number of words are PowerShell's own.
func parseWindowsList(out string) ([]remotedir.Entry, error) {
	var entries []remotedir.Entry
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) != windowsWords {
			continue
		}
		e, err := parseWindowsEntry(fields)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// windowsWords is how many words the scripts describe an entry, or a directory, in.
const windowsWords = 3

func parseWindowsEntry(fields []string) (remotedir.Entry, error) {
	attributes, err1 := strconv.ParseUint(fields[0], 10, 32)
	size, err2 := strconv.ParseUint(fields[1], 10, 63)
	name, err3 := base64.StdEncoding.DecodeString(fields[2])
	if errors.Join(err1, err2, err3) != nil || !isName(string(name), `/\`) {
		return remotedir.Entry{}, unknownEntry(strings.Join(fields, " "))
	}
	return remotedir.Entry{Name: string(name), Mode: attributesType(attributes), Size: int64(size), Links: 1}, nil
}

// parseWindowsLists reads what powershell/lists.ps1 printed. A listing that cannot be read is left out, so that whoever asks
// for it alone gets the error.
func parseWindowsLists(out string) ([]remotedir.Listing, error) {
	var all []remotedir.Listing
	bad := true // until the first header
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) != windowsWords {
			continue
		}
		if fields[0] == "in" {
			asked, err1 := strconv.ParseUint(fields[1], 10, 16)
			name, err2 := base64.StdEncoding.DecodeString(strings.TrimPrefix(fields[2], "/"))
			if errors.Join(err1, err2) != nil {
				return nil, unknownEntry(line)
			}
			all, bad = append(all, remotedir.Listing{Asked: int(asked), Name: strings.Trim(string(name), "/")}), false
			continue
		}
		if bad {
			continue
		}
		e, err := parseWindowsEntry(fields)
		if err != nil {
			all, bad = all[:len(all)-1], true
			continue
		}
		last := &all[len(all)-1]
		last.Entries = append(last.Entries, e)
	}
	return all, nil
}

// filePrefix begins the line before a file; powershell/fetches.ps1 prints it.
const filePrefix = "File="

// parseWindowsFetches reads what powershell/fetches.ps1 printed of n files, together at most limit bytes; nil is one that is
// not there.
func parseWindowsFetches(out string, n int, limit int64) ([][]byte, error) {
	var all [][]byte
	parts := strings.Split("\n"+out, "\n"+filePrefix)
	for _, part := range parts[1:] {
		length, packed, _ := strings.Cut(part, "\n")
		if strings.TrimSpace(length) == "-" {
			all = append(all, nil)
			continue
		}
		size, err := strconv.ParseInt(strings.TrimSpace(length), 10, 63)
		if err != nil || size < 0 || size > limit {
			return nil, fmt.Errorf("the guest sends a file of %s bytes, which is too much", oneLine(length))
		}
		limit -= size
		content, err := unpack(packed, size)
		if err != nil {
			return nil, errors.New("a file changed, or was cut off, while it was fetched")
		}
		all = append(all, content)
	}
	if len(all) != n {
		return nil, fmt.Errorf("the guest sends %d files of %d", len(all), n)
	}
	return all, nil
}

// unpack returns the size bytes that are packed by gzip and in base64, with line breaks anywhere.
func unpack(packed string, size int64) ([]byte, error) {
	text := base64.NewDecoder(base64.StdEncoding, strings.NewReader(packed))
	unpacked, err := gzip.NewReader(text)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(unpacked, size+1))
	if err == nil && int64(len(content)) != size {
		err = io.ErrUnexpectedEOF
	}
	return content, err
}

// The attributes of a Windows file ([MS-FSCC] 2.6).
const (
	attributeDirectory = 0x10
	attributeReparse   = 0x400
)

func attributesType(attributes uint64) fs.FileMode {
	switch {
	case attributes&attributeReparse != 0:
		return fs.ModeIrregular
	case attributes&attributeDirectory != 0:
		return fs.ModeDir
	}
	return 0
}

// parsePosixDigests reads what posix/digests.sh printed for each file: "SHA-256 -" in the way of the command that
// computes it, or "-" for no file, which becomes "".
func parsePosixDigests(out string) []string {
	var sums []string
	for line := range strings.Lines(out) {
		sum, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		sums = append(sums, digest(sum))
	}
	return sums
}

// parseWindowsDigests reads the lines "Sum=SHA-256" that powershell/digests.ps1 printed, with nothing after the sign for
// no file.
func parseWindowsDigests(out string) []string {
	var sums []string
	for line := range strings.Lines(out) {
		if sum, ok := strings.CutPrefix(strings.TrimSpace(line), sumPrefix); ok {
			sums = append(sums, digest(sum))
		}
	}
	return sums
}

// sumPrefix begins a line with a SHA-256.
const sumPrefix = "Sum="

// digest returns a SHA-256 in lower-case hex as it is, and "" for anything else.
func digest(s string) string {
	const length = 64
	if len(s) != length || strings.Trim(s, "0123456789abcdef") != "" {
		return ""
	}
	return s
}

// failure is the line by which a script of a Windows guest reports why it failed: "offlinejoin failed CODE TEXT".
type failure struct {
	code string // Win32, decimal; "" when there is no such line
	text string // safe for a line
}

// failPrefix begins that line; powershell/frame.ps1 prints it.
const failPrefix = "offlinejoin failed "

func parseFailure(out string) failure {
	code, text, _ := strings.Cut(lineOf(out, failPrefix), " ")
	return failure{code: code, text: oneLine(text)}
}
