package offlinejoin

import (
	"context"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/ledger"
)

// Method is how a join gets completed.
type Method string

// The methods. The empty Method means MethodAuto.
const (
	MethodAuto       Method = "auto"        // answer_file when the image is generalized, else registry
	MethodRegistry   Method = "registry"    // completed by our program before the first logon
	MethodAnswerFile Method = "answer_file" // completed by Windows Setup, specialize pass
	MethodNative     Method = "native"      // Windows' own function, in Windows builds only
)

// OnExisting says what to do when the image already has a pending or finished join. The empty value means
// OnExistingFail.
type OnExisting string

// The choices. The same join (equal fingerprint) staged again is never an error and never written twice.
const (
	OnExistingFail    OnExisting = "fail"    // refuse
	OnExistingReplace OnExisting = "replace" // stage over it
	OnExistingKeep    OnExisting = "keep"    // leave it alone and succeed
)

// Reuse says whether an account may be staged into more than one image. The empty value means ReuseRefuse.
type Reuse string

// The choices.
const (
	ReuseRefuse Reuse = "refuse"
	ReuseAllow  Reuse = "allow" // with a reason
)

// Image is where an image is, and how it is opened.
type Image struct {
	imagefs.Location
	Open        imagefs.Opener // nil: the one that knows all kinds of this machine
	LockTimeout time.Duration  // how long to wait for somebody else who is changing the image; 0: not at all
}

// ImageAt returns the image whose Windows directory is at a path of this machine.
func ImageAt(windowsPath string) Image {
	return Image{Location: imagefs.Location{WindowsPath: windowsPath}}
}

// How an overlay names its golden image.
const (
	BackingAbsolute = imagefs.BackingAbsolute
	BackingRelative = imagefs.BackingRelative
)

// Presence is what is at the location of an image (package imagefs).
type Presence = imagefs.Presence

// What can be there.
const (
	Present   = imagefs.Present
	Unmounted = imagefs.Unmounted
	Missing   = imagefs.Missing
)

// SingleUse says where it is remembered that one account joins one machine. The zero SingleUse remembers nothing.
type SingleUse struct {
	LedgerFile string // the ledger of uses, in a file; empty: none
	Ledger     string // the ledger of uses, in a PostgreSQL database that many hosts share, by its URL; in place of LedgerFile
	// Databases keeps the connections to ledgers for all requests of a process; nil: each request has its own.
	Databases   *Databases
	RunID       string // what the processes of one run share, such as PackerRunUUID: duplicates within it are refused
	Run         *Run   // the same for a run in one process; nil: none
	Reuse       Reuse  // empty: ReuseRefuse
	ReuseReason string // why, with ReuseAllow; kept in the ledger
}

// Databases are the connections of a process to the ledgers in databases (package ledger). The zero value has none yet.
type Databases = ledger.Databases

// WithoutLedger returns where else uses are remembered: for a rehearsal of what will only be true later.
func (s SingleUse) WithoutLedger() SingleUse {
	s.LedgerFile, s.Ledger = "", ""
	return s
}

// Request asks for one join.
type Request struct {
	Image      Image
	Online     bool       // with MethodNative: the running Windows, and no image
	Blob       *Blob      // what the join is made of; the caller's to wipe
	Expect     Expect     // what the blob must be for
	Method     Method     // empty: MethodAuto
	OnExisting OnExisting // empty: OnExistingFail
	// FixedOnExisting tells that the user has no word for OnExisting, so that no message names one.
	FixedOnExisting bool

	Again     bool // stage a join once more that was completed already; without it, it is left alone
	SingleUse SingleUse

	SecretExposure SecretExposure // empty: ExposureWarn

	CompletionProgram string // a signed copy of the completion program, by its path; empty: the one that is built in
	Backup            string // a folder of this machine to keep a copy of the SYSTEM hive and its logs in; empty: none

	Account  *AccountRecord   // of the blob, which the image's record keeps; nil: not known. [Join] sets it
	Owner    string           // a random name of whoever wants the join, which its record keeps; empty: nobody in particular
	StagedBy string           // name/version of the front end, such as "packer-plugin-offlinejoin/0.1.0"
	Progress func(Event)      // gets what happens, in order; nil: nobody listens
	Now      func() time.Time // the clock; nil: time.Now
}

// UnstageRequest asks to take a pending join back.
type UnstageRequest struct {
	Image     Image
	SingleUse SingleUse // where the account is free again
	// Owner is the name by which the join was staged: one that has another owner by now is left alone. Empty: whoever owns
	// it.
	Owner    string
	StagedBy string // as in Request
	Progress func(Event)
	Now      func() time.Time
	// Uses returns what the ledger has in force, for an image without a join, so that a run over many reads it once; nil: it is
	// read.
	Uses func(ctx context.Context) (*UsesInForce, error)
}

// StatusRequest asks what an image holds.
type StatusRequest struct {
	Image Image
	Logs  bool // also read what the image's logs say of joins
}

// EventKind says how a front end should show an event.
type EventKind int

// The kinds of event.
const (
	EventStep    EventKind = iota // a new step begins
	EventDetail                   // something about the current step
	EventWarning                  // something the user should know; reported once
	EventNote                     // what there is nothing to do about: for logs of those who look for a cause
)

// Event is one line of progress for people, in the same words for every front end. It holds no secret, and is safe to
// show in a line.
type Event struct {
	Kind EventKind
	Text string
}
