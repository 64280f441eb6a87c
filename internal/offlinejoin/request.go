package offlinejoin

import "time"

// Method is how a join gets completed.
type Method string

// The methods. The empty Method means MethodAuto.
const (
	MethodAuto       Method = "auto"        // answer_file when the image is generalized, else registry
	MethodRegistry   Method = "registry"    // completed by our program before the first logon
	MethodAnswerFile Method = "answer_file" // completed by Windows Setup, specialize pass
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

// Expect holds what the blob must be for. Empty fields expect nothing.
type Expect struct {
	MachineName string // computer name, compared without case
	Domain      string // DNS or NetBIOS domain name, compared without case
}

// Request asks for one join.
type Request struct {
	WindowsPath string     // the image's Windows directory, such as /mnt/web01/Windows
	Blob        []byte     // the provisioning blob in any encoding; secret; the caller owns and wipes it
	BlobName    string     // how messages call the blob, such as its file name; never its content
	Method      Method     // empty: MethodAuto
	Expect      Expect     // what the blob must be for
	OnExisting  OnExisting // empty: OnExistingFail
	StagedBy    string     // name/version of the front end, such as "packer-plugin-offlinejoin/0.1.0"

	Progress func(Event)      // told what happens, in order; nil: nobody listens
	Now      func() time.Time // the clock; nil: time.Now
}

// UnstageRequest asks to take a pending join back.
type UnstageRequest struct {
	WindowsPath string
	Progress    func(Event)
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
