package activedirectory

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// MarkerState is how far the work on an account has come.
type MarkerState string

// The states.
const (
	MarkerPending  MarkerState = "pending"  // the account has a new password that no image holds yet
	MarkerStaged   MarkerState = "staged"   // an image or a blob file holds the password
	MarkerPrepared MarkerState = "prepared" // made ahead of its machine, with a password that nobody has
	MarkerFailed   MarkerState = "failed"   // reset by a run that failed: nobody has the password
	MarkerRemoving MarkerState = "removing" // about to be deleted by the run that made it
)

// Marker is what the description of an account says of the run that works on it: the lock of the directory. Every change
// of an account that is ours replaces the marker that was seen by another, in one operation, so that of many who try, one
// succeeds. It holds no secret.
//
//	offlinejoin/1 pending 5f0c3a9d21b04e77 2026-11-28T01:00:00Z image=9e107d9d372bb682
type Marker struct {
	State MarkerState
	Run   string    // of whoever wrote it: [NewRun]
	At    time.Time // UTC, whole seconds
	Place string    // what it is for, such as [PlaceOf] of an image's identity; no path is told
}

const (
	markerVersion = "offlinejoin/1"
	markerImage   = "image="
	digits        = 16 // of Run and Place
)

// NewRun returns a random name for a run.
func NewRun() string {
	b := make([]byte, digits/2)
	rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// IsZero reports whether there is no marker.
func (m Marker) IsZero() bool { return m == Marker{} }

// String returns the marker's text, and "" for none.
func (m Marker) String() string {
	if m.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s %s %s %s %s%s", markerVersion, m.State, m.Run, m.At.UTC().Format(time.RFC3339), markerImage, m.Place)
}

// With returns the marker with another state, of the same run and place.
func (m Marker) With(state MarkerState, at time.Time) Marker {
	m.State, m.At = state, at.UTC().Truncate(time.Second)
	return m
}

// How many characters of a description there may be.
const (
	mostText    = 1024 // in all: rangeUpper of the attribute
	mostOwnText = 800  // of a new one of a user's own, so that every marker has room beside it
	markerText  = 85   // of a marker, at most
)

// CheckDescription refuses a description that would be taken for a marker, or that leaves it no room (87).
func CheckDescription(own string) error {
	switch _, m := splitDescription(own); {
	case !m.IsZero():
		return winerr.New(winerr.InvalidParameter, "the description ends like a marker of "+markerVersion+": change its end")
	case utf8.RuneCountInString(own) > mostOwnText:
		return winerr.Errorf(winerr.InvalidParameter, "the description has more than %d characters: shorten it", mostOwnText)
	case !utf8.ValidString(own) || strings.ContainsFunc(own, func(r rune) bool { return r < ' ' }):
		return winerr.New(winerr.InvalidParameter, "the description holds a character that does not fit in a line: leave it out")
	}
	return nil
}

// CheckRoom refuses an account whose own description, which stays, leaves a marker no room (87).
func CheckRoom(a *Account) error {
	if n := utf8.RuneCountInString(a.Own) + 1 + markerText; n > mostText {
		return winerr.Errorf(winerr.InvalidParameter, "the description of the account %s leaves no room for a marker of %d characters: "+
			"shorten it, or give another one in description", a.DN, markerText)
	}
	return nil
}

// joinDescription returns a description of a user's own text and the marker behind it.
func joinDescription(own string, m Marker) string {
	if own == "" || m.IsZero() {
		return own + m.String()
	}
	return own + " " + m.String()
}

// splitDescription is the mirror of joinDescription. A text whose end is not exactly a marker is all the user's own.
func splitDescription(text string) (own string, m Marker) {
	at := strings.LastIndex(text, markerVersion+" ")
	if at < 0 || at > 0 && text[at-1] != ' ' {
		return text, Marker{}
	}
	m, ok := parseMarker(text[at:])
	if !ok {
		return text, Marker{}
	}
	if at > 0 {
		at--
	}
	return text[:at], m
}

func parseMarker(text string) (Marker, bool) {
	f := strings.Split(text, " ")
	if len(f) != 5 {
		return Marker{}, false
	}
	at, err := time.Parse(time.RFC3339, f[3])
	place, isPlace := strings.CutPrefix(f[4], markerImage)
	m := Marker{State: MarkerState(f[1]), Run: f[2], At: at.UTC(), Place: place}
	if err != nil || !isPlace || !m.State.known() || !isDigits(m.Run) || !isDigits(place) || m.String() != text {
		return Marker{}, false
	}
	return m, true
}

func (s MarkerState) known() bool {
	switch s {
	case MarkerPending, MarkerStaged, MarkerPrepared, MarkerFailed, MarkerRemoving:
		return true
	}
	return false
}

func isDigits(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == digits && s == strings.ToLower(s)
}
