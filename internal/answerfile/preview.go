package answerfile

import (
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Preview is what can be told of an image's answer file before anybody has a blob: which one Windows Setup will take, and
// what in it would stop a join. It holds no secret.
type Preview struct {
	// Path is the file that Setup takes for its pass specialize, or where a new one will be made.
	Path string `json:"path,omitempty"`
	// Order is its number in Setup's documented search order, 1 to 7.
	Order int `json:"order,omitempty"`
	// Exists reports whether there is a file.
	Exists bool `json:"exists"`
	// MachineName is the computer name that it asks for, "" for none or any.
	MachineName string `json:"machine_name,omitempty"`
	// Refused is why no join can be merged into it, with what to do; "" when one can.
	Refused string `json:"refused,omitempty"`
	// Replaces is what a join has to replace in it, which needs on_existing = "replace"; "" for nothing.
	Replaces string `json:"replaces,omitempty"`
	// Notes do not stand in the way.
	Notes []string `json:"notes,omitempty"`
}

// Look previews the answer file of an image. pointer is as of [Find].
func Look(image imagefs.Session, pointer, architecture string, client bool) *Preview {
	place, err := Find(image, pointer)
	if err != nil {
		return &Preview{Refused: winerr.MessageOf(err)}
	}
	defer place.Wipe()
	p := &Preview{Path: place.Path, Order: place.Order, Exists: place.Exists(), Notes: place.Notes}
	// The name that the file asks for is no obstacle yet: a blob may be made for it.
	join := Join{AccountData: []byte("AAAA"), MachineName: "MACHINE", Architecture: architecture}
	if facts, err := ReadFacts(place.Content, architecture, place.Path); err == nil {
		if name := facts.MachineName; plainName(name) && !anyName.MatchString(name) {
			p.MachineName, join.MachineName = name, name
		}
		facts.Wipe()
	}
	options := Options{Client: client, Name: place.Path, Replace: true}
	edit, err := Plan(place.Content, join, options)
	if err != nil {
		p.Refused = winerr.MessageOf(err)
		return p
	}
	p.Notes = append(p.Notes, edit.Warnings...)
	edit.Wipe()
	options.Replace = false
	if edit, err = Plan(place.Content, join, options); err != nil {
		p.Replaces = winerr.MessageOf(err)
		return p
	}
	edit.Wipe()
	return p
}

// setupScript is run by Setup after it is done (documented: "Add a custom script to Windows Setup").
const setupScript = "Setup/Scripts/SetupComplete.cmd"

// scripts tells of a command in Setup's own script that renames the machine or joins it.
func scripts(image imagefs.Session) []string {
	at := inWindows(image, setupScript)
	f, err := image.Open(at.file)
	if err != nil {
		return nil
	}
	defer f.Close()
	const most = 64 << 10
	text := make([]byte, most)
	n, err := f.ReadAt(text, 0)
	if err != nil && !errors.Is(err, io.EOF) || !renamesIn(text[:n]) {
		return nil
	}
	return []string{at.path() + " renames the machine or joins it to a domain by itself: it runs after the staged join and may undo " +
		"it; remove that command"}
}

// comment matches a line of a command script that does nothing.
var comment = regexp.MustCompile(`(?i)^\s*(@?rem\b|::)`)

// renamesIn reports whether a line of a script is a command that renames or joins.
func renamesIn(text []byte) bool {
	for line := range strings.Lines(string(text)) {
		if !comment.MatchString(line) && renames.MatchString(line) {
			return true
		}
	}
	return false
}
