package offlinejoin

import (
	"errors"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Log is the end of a log of the image.
type Log struct {
	Path  string   `json:"path"`            // as messages call it
	Lines []string `json:"lines"`           // the last ones, at most 200; what looks like a blob is masked
	Error string   `json:"error,omitempty"` // why it could not be read
}

// The bounds of what is shown of a log.
const (
	maxLogBytes = 64 << 10
	maxLogLines = 200
	maxLogLine  = 1000 // characters
)

// logFiles are what tells of a join at first boot: Windows' own log of joins, that of the completion program, and the
// errors of Windows Setup in its two parts (documented: "Windows Setup log files").
func logFiles() []string {
	return []string{
		"debug/NetSetup.log", "debug/offlinejoin.log", "Panther/setuperr.log", "Panther/UnattendGC/setuperr.log",
	}
}

// blobText is the beginning of the base64 of every blob (docs/internals/odj-blob.md §1), and all that follows it.
var blobText = regexp.MustCompile(`ARAIAMzMzM[A-Za-z0-9+/=]*`)

// readLogs reads the ends of the image's logs. A log that is not there is left out.
func readLogs(im *openImage) []Log {
	logs := []Log{}
	for _, name := range logFiles() {
		name = im.in(name)
		lines, err := readLog(im.session, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		l := Log{Path: im.session.Path(name), Lines: lines}
		if err != nil {
			l.Error = winerr.MessageOf(err)
		}
		logs = append(logs, l)
	}
	return logs
}

func readLog(image imagefs.Volume, name string) ([]string, error) {
	f, err := image.Open(name)
	if err != nil {
		return []string{}, err
	}
	defer f.Close() // nothing was written
	size, err := f.Size()
	if err != nil {
		return []string{}, err
	}
	from := max(0, size-maxLogBytes) &^ 1 // of a file in UTF-16, whole units
	head, tail := make([]byte, 2), make([]byte, size-from)
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return []string{}, err
	}
	if _, err := f.ReadAt(tail, from); err != nil && !errors.Is(err, io.EOF) {
		return []string{}, err
	}
	text := string(tail)
	if string(head) == "\xFF\xFE" {
		text = regf.Text(tail)
	}
	return logLines(text, from > 0), nil
}

// logLines returns the last lines, fit for a terminal. The first line is left out when it may be cut.
func logLines(text string, cut bool) []string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "\uFEFF"), "\xFF\xFE")
	lines := strings.Split(strings.TrimRight(text, "\r\n\x00"), "\n")
	if cut && len(lines) > 1 {
		lines = lines[1:]
	}
	lines = lines[max(0, len(lines)-maxLogLines):]
	out := make([]string, 0, len(lines))
	for _, line := range lines {
		out = append(out, logLine(strings.TrimRight(line, "\r")))
	}
	return out
}

// logLine masks what looks like a blob, before anything is cut.
func logLine(line string) string {
	return plaintext.Line(blobText.ReplaceAllString(line, "(a blob, masked)"), maxLogLine)
}
