package ledger

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// Version is the version of the lines that this package writes, and the newest that it reads. Version 1 has no hosts in
// its images, and inode numbers without birth times.
const Version = 2

// Event is what a line tells.
type Event string

// The events. The first two and the last but one put an entry in force; the others take entries out of force.
const (
	EventIntent    Event = "intent"    // a stage begins
	EventStaged    Event = "staged"    // it was written and read back
	EventCancelled Event = "cancelled" // it wrote nothing
	EventUnstaged  Event = "unstaged"  // the join was taken back from the image
	EventCompleted Event = "completed" // the image has booted and joined, so the account is used for good
	EventReleased  Event = "released"  // the user says that the image is no more
)

func (e Event) known() bool {
	switch e {
	case EventIntent, EventStaged, EventCancelled, EventUnstaged, EventCompleted, EventReleased:
		return true
	}
	return false
}

// Entry is one line. It holds no secret.
type Entry struct {
	Version     int       `json:"v"`
	Event       Event     `json:"event"`
	ID          string    `json:"id"` // of the use: its intent and its outcome have the same
	At          time.Time `json:"at"`
	Fingerprint string    `json:"fingerprint"` // hex SHA-256 of the blob
	Account     Account   `json:"account"`
	Image       Image     `json:"image"`
	By          string    `json:"by,omitempty"`           // name/version of the front end
	Host        string    `json:"host,omitempty"`         // where it ran
	PID         int       `json:"pid,omitempty"`          // as which process
	ReuseReason string    `json:"reuse_reason,omitempty"` // why the account may be used again
	Ends        []string  `json:"ends,omitempty"`         // the uses that this event takes out of force
}

// The bounds of what is read.
const (
	maxFile = 256 << 20 // bytes: some 500,000 uses in force, of about 530 bytes each once the file is compacted
	maxLine = 64 << 10  // bytes
	maxText = 4 << 10   // bytes of one field that is written
)

// line encodes e with its newline.
func (e Entry) line() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, err
	}
	if b.Len() > maxLine {
		return nil, fmt.Errorf("the line would have %d bytes", b.Len())
	}
	return b.Bytes(), nil
}

var (
	errDamaged = errors.New("is damaged")
	errForeign = errors.New("its first line is none that this program has written")
	errNewer   = errors.New("was written by a newer version of this program")
)

// parseLine is the mirror of line.
func parseLine(line []byte) (Entry, error) {
	var e Entry
	if len(line) > maxLine {
		return Entry{}, errDamaged
	}
	if err := json.Unmarshal(line, &e); err == nil && e.Version >= 1 && e.Version <= Version && e.whole() {
		return e.upgraded(), nil
	}
	var version struct {
		V int `json:"v"`
	}
	if json.Unmarshal(line, &version) == nil && version.V > Version {
		return Entry{}, errNewer
	}
	return Entry{}, errDamaged
}

// upgraded returns an entry of an earlier version as one of this.
func (e Entry) upgraded() Entry {
	if e.Version == 1 {
		e.Version, e.Image.Host, e.Image.File = Version, e.Host, ""
		if strings.HasPrefix(e.Image.Place, "net:") { // all machines see it under this name
			e.Image.Host = ""
		}
	}
	return e
}

// whole reports whether e says all that its event needs.
func (e Entry) whole() bool {
	switch e.Event {
	case EventIntent, EventStaged, EventCompleted:
		return e.ID != "" && e.Image.Place != "" && isFingerprint(e.Fingerprint)
	case EventCancelled:
		return e.ID != ""
	case EventUnstaged, EventReleased:
		return len(e.Ends) > 0
	}
	return false
}

// plain returns e as it leaves this package: every text is safe for a line and at most limit runes long. Inside of the
// package entries are kept as they were read, because places, accounts and names of uses are compared.
func (e Entry) plain(limit int) Entry {
	for _, text := range []*string{
		&e.ID, &e.Fingerprint, &e.By, &e.Host, &e.ReuseReason,
		&e.Account.SID, &e.Account.DomainGUID, &e.Account.Domain, &e.Account.MachineName,
	} {
		*text = plaintext.Line(*text, limit)
	}
	e.Image = e.Image.plain(limit)
	e.Ends = slices.Clone(e.Ends)
	for i := range e.Ends {
		e.Ends[i] = plaintext.Line(e.Ends[i], limit)
	}
	return e
}

// plain is as Entry.plain.
func (i Image) plain(limit int) Image {
	for _, text := range []*string{&i.Path, &i.Name, &i.Host, &i.Place, &i.File, &i.MachineSID, &i.ComputerName} {
		*text = plaintext.Line(*text, limit)
	}
	return i
}

// plainEntries is plain of all of them, with all of a text that an entry is written with.
func plainEntries(entries []Entry) []Entry {
	for i, e := range entries {
		entries[i] = e.plain(maxText)
	}
	return entries
}

func isFingerprint(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == 32
}

// inForce returns the uses that keep their accounts from other images, each with its last event. A stage that ends
// after its intent was released has written its image all the same, so it is in force again.
func inForce(entries []Entry) []Entry {
	last := map[string]Entry{} // of the uses in force
	var order []string         // of their names, with those that have ended since
	for _, e := range entries {
		for _, id := range e.Ends {
			delete(last, id)
		}
		switch e.Event {
		case EventCancelled:
			delete(last, e.ID)
		case EventIntent, EventStaged, EventCompleted:
			if _, known := last[e.ID]; !known {
				order = append(order, e.ID)
			}
			last[e.ID] = e
		}
	}
	var force []Entry
	for _, id := range order {
		if e, is := last[id]; is {
			force = append(force, e)
			delete(last, id)
		}
	}
	return force
}

// Account is the machine account that a blob is for.
type Account struct {
	SID         string `json:"sid,omitempty"`         // domain SID with the RID, such as S-1-5-21-1-2-3-1107
	DomainGUID  string `json:"domain_guid,omitempty"` // lower case, without braces
	Domain      string `json:"domain,omitempty"`      // DNS name
	MachineName string `json:"machine_name"`
}

// NewAccount makes an Account from what a blob says. Of these only the name is always there.
func NewAccount(domainSID string, rid uint32, domainGUID, domain, machineName string) Account {
	a := Account{
		DomainGUID:  strings.ToLower(strings.Trim(domainGUID, "{}")),
		Domain:      strings.ToLower(strings.TrimSuffix(domain, ".")),
		MachineName: strings.ToUpper(machineName),
	}
	if domainSID != "" && rid != 0 {
		a.SID = strings.ToUpper(domainSID) + "-" + strconv.FormatUint(uint64(rid), 10)
	}
	return a
}

// same reports whether both are one account. The SID decides where both have one: an account that was deleted and made
// again has its name, and is another.
func (a Account) same(b Account) bool {
	if a.SID != "" && b.SID != "" {
		return a.SID == b.SID
	}
	if a.MachineName == "" || !strings.EqualFold(a.MachineName, b.MachineName) {
		return false
	}
	if a.DomainGUID != "" && b.DomainGUID != "" {
		return a.DomainGUID == b.DomainGUID
	}
	return a.Domain != "" && strings.EqualFold(a.Domain, b.Domain)
}
