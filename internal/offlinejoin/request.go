package offlinejoin

import (
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
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

// Expect holds what the blob must be for. Empty fields expect nothing.
type Expect struct {
	MachineName string // computer name, compared without case
	Domain      string // DNS or NetBIOS domain name, compared without case
}

// Request asks for one join.
type Request struct {
	WindowsPath string     // the image's Windows directory, such as /mnt/web01/Windows
	Target      imagefs.FS // where it is when that is no directory of this machine; stays the caller's to close
	Blob        []byte     // the provisioning blob in any encoding; secret; the caller owns and wipes it
	BlobName    string     // how messages call the blob, such as its file name; never its content
	Method      Method     // empty: MethodAuto
	Online      bool       // with MethodNative: the running Windows instead of WindowsPath
	Expect      Expect     // what the blob must be for
	OnExisting  OnExisting // empty: OnExistingFail
	Again       bool       // stage a join once more that was completed already; without it, it is left alone

	CompletionProgram string // a signed copy of the completion program, by its path; empty: the one that is built in

	StagedBy string // name/version of the front end, such as "packer-plugin-offlinejoin/0.1.0"

	LedgerFile  string // the ledger of uses, so that one blob joins one machine; empty: none
	Reuse       Reuse  // empty: ReuseRefuse
	ReuseReason string // why, with ReuseAllow; kept in the ledger
	RunID       string // what the processes of one run share, such as PackerRunUUID: duplicates within it are refused
	Run         *Run   // the same for a run in one process; nil: none

	LockTimeout time.Duration // how long to wait for somebody else who is changing the image; 0: not at all
	Backup      string        // a folder of this machine to keep a copy of the SYSTEM hive and its logs in; empty: none

	Progress func(Event)      // told what happens, in order; nil: nobody listens
	Now      func() time.Time // the clock; nil: time.Now
}

// UnstageRequest asks to take a pending join back.
type UnstageRequest struct {
	WindowsPath string        // as in Request
	Target      imagefs.FS    // as in Request
	LedgerFile  string        // as in Request: the account is free again
	RunID       string        // as in Request
	Run         *Run          // as in Request
	StagedBy    string        // as in Request
	LockTimeout time.Duration // as in Request
	Progress    func(Event)   // as in Request
}

// StatusRequest asks what an image holds.
type StatusRequest struct {
	WindowsPath string     // as in Request
	Target      imagefs.FS // as in Request
	Logs        bool       // also read what the image's logs say of joins
}

// EventKind tells how a front end should show an event.
type EventKind int

// The kinds of event.
const (
	EventStep    EventKind = iota // a new step begins
	EventDetail                   // something about the current step
	EventWarning                  // something the user should know; said once
)

// Event is one line of progress for people, in the same words for every front end. It holds no secret.
type Event struct {
	Kind EventKind
	Text string
}
