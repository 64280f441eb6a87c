package offlinejoin

import "time"

// State is the status of an image with respect to joins.
type State string

// The states (docs/internals/design.md §4).
const (
	StateAbsent    State = "absent"    // no join staged, not a member
	StateStaged    State = "staged"    // waits for first boot
	StateCompleted State = "completed" // first boot happened and Windows took the join
	StateFailed    State = "failed"    // first boot happened and Windows refused
	StateJoined    State = "joined"    // a domain member already, not by us
	StateForeign   State = "foreign"   // another tool's join is pending
)

// Status is what an image says about joins. It holds no secret.
type Status struct {
	State       State  `json:"status"`
	Method      Method `json:"method,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"` // hex SHA-256 of the canonical decoded blob
	MachineName string `json:"machine_name,omitempty"`
	Domain      string `json:"domain,omitempty"`
	StagedAt    string `json:"staged_at,omitempty"`    // RFC 3339
	StagedBy    string `json:"staged_by,omitempty"`    // name/version
	CompletedAt string `json:"completed_at,omitempty"` // RFC 3339
	Attempts    uint32 `json:"attempts,omitempty"`
	Result      uint32 `json:"result,omitempty"` // Win32/NERR code of the last attempt
	ResultText  string `json:"result_text,omitempty"`
	Detail      string `json:"detail,omitempty"` // what the state alone does not say: what a staged join lacks, a hive that is not whole
	Owner       string `json:"owner,omitempty"`  // of the staged join: a random name, see Request

	Account *AccountRecord `json:"account,omitempty"` // that the join was staged with, where the record says so

	// Program is about the completion program of a join that waits for it: in_place, missing or changed.
	Program string `json:"program,omitempty"`
	// ProgramRights says who sets the access rights of that program's file: kept, or at_first_boot.
	ProgramRights string `json:"program_rights,omitempty"`
	// NotRun means that Windows was started after staging and the program never ran.
	NotRun bool `json:"program_not_run,omitempty"`
	// Incomplete means that a staged join lacks what makes it: the next boot does not join. Detail says what is missing.
	Incomplete bool `json:"incomplete,omitempty"`

	// Beside names what holds joins of others that are pending beside a staged one: registry keys such as
	// `SYSTEM\Setup\DJOIN`, an answer file.
	Beside []string `json:"pending_beside,omitempty"`

	Warnings []string   `json:"warnings,omitempty"` // about the image, such as that what it stands on has changed
	Image    ImageFacts `json:"image"`
	Logs     []Log      `json:"logs,omitempty"` // when asked for

	golden    goldenState // what [Status.Golden] returns
	partition int         // what [Status.Partition] returns
	only      bool
	cure      string // the end of Detail that says what to do about it
}

// Partition returns which partition of a disk image file has the Windows, and whether it is the only one that has one: then it
// is found without being named. It is 0 for an image that is mounted.
func (s *Status) Partition() (number int, only bool) { return s.partition, s.only }

// What [Status.Program] can be.
const (
	ProgramInPlace = "in_place"
	ProgramMissing = "missing"
	ProgramChanged = "changed"
)

// What [Status.ProgramRights] can be.
const (
	RightsKept        = "kept"          // the file system of the image holds them: SYSTEM and Administrators alone
	RightsAtFirstBoot = "at_first_boot" // it cannot: the program sets its own at first boot, before anybody can log on
)

// ImageFacts is the identity of the Windows in an image, as far as its registry tells.
type ImageFacts struct {
	WindowsPath  string `json:"windows_path"`
	ProductName  string `json:"product_name,omitempty"`
	EditionID    string `json:"edition_id,omitempty"`
	Build        string `json:"windows_build,omitempty"` // "20348.2700"
	Architecture string `json:"architecture,omitempty"`  // amd64, arm64, x86
	ProductType  string `json:"product_type,omitempty"`  // WinNT, ServerNT, LanmanNT
	ImageState   string `json:"image_state,omitempty"`   // IMAGE_STATE_COMPLETE …
	ComputerName string `json:"computer_name,omitempty"`
	MachineSID   string `json:"machine_sid,omitempty"`
	Phase        string `json:"phase,omitempty"` // installed, generalized, specialized, setup, undeployable
}

// BlobFacts is what a blob is for. It holds no secret.
type BlobFacts struct {
	Fingerprint string `json:"fingerprint"`
	MachineName string `json:"machine_name"`
	Domain      string `json:"domain"`         // DNS name
	NetBIOSName string `json:"netbios_domain"` // NetBIOS domain name
	DomainSID   string `json:"domain_sid"`
	DomainGUID  string `json:"domain_guid"`
	Forest      string `json:"forest,omitempty"`
	AccountSID  string `json:"account_sid,omitempty"`       // of the computer's account; empty when the blob does not tell
	DC          string `json:"domain_controller,omitempty"` // without leading backslashes
	Site        string `json:"site,omitempty"`              // the client's site
}

// ChangeKind tells what a [Change] does.
type ChangeKind string

// The kinds of change.
const (
	ChangeAdd    ChangeKind = "add"
	ChangeModify ChangeKind = "modify"
	ChangeRemove ChangeKind = "remove"
)

// Change is one thing that Stage or Unstage does to the image. Secret data appears as its length only.
type Change struct {
	Kind   ChangeKind `json:"kind"`
	Where  string     `json:"where"`          // registry key `SYSTEM\Setup`, or folder `System32`
	Name   string     `json:"name,omitempty"` // value or file name; empty: the key itself
	Type   string     `json:"type,omitempty"` // REG_SZ …, "key" or "file"
	Before string     `json:"before,omitempty"`
	After  string     `json:"after,omitempty"`
	Secret bool       `json:"secret,omitempty"`
}

// Outcome tells what a request came to.
type Outcome string

// The outcomes.
const (
	OutcomePlanned   Outcome = "planned"   // dry run: nothing was written
	OutcomeStaged    Outcome = "staged"    // written and read back
	OutcomeUnchanged Outcome = "unchanged" // this very join was staged (or completed) already; nothing was written
	OutcomeKept      Outcome = "kept"      // another join is there and on_existing is keep; nothing was written
	OutcomeUnstaged  Outcome = "unstaged"  // taken back
	OutcomeAbsent    Outcome = "absent"    // no join to take back; only leftovers of a stage that was stopped, if Changes lists them, were removed
)

// Receipt is what a request came to, for front ends to show and keep. It holds no secret.
type Receipt struct {
	SchemaVersion int       `json:"schema_version"` // 1
	Outcome       Outcome   `json:"outcome"`
	Method        Method    `json:"method,omitempty"` // that was taken, or that a dry run would take
	Blob          BlobFacts `json:"blob"`
	Status        Status    `json:"image_status"` // after the request
	Changes       []Change  `json:"changes"`
	Warnings      []string  `json:"warnings"`
	BytesWritten  int64     `json:"bytes_written"` // registry and files together
	Syncs         int       `json:"fsyncs"`        // how often it was waited for the disk
	At            time.Time `json:"at"`
	NewDisk       *NewDisk  `json:"new_disk,omitempty"` // that was made for the join

	// Account is the account of a [Join]; for a dry run, the one that exists.
	Account *AccountFacts `json:"account,omitempty"`
}

// NewDisk is a disk that was made from a golden image, which was only read.
type NewDisk struct {
	Path    string `json:"path"`
	Golden  string `json:"golden"`
	Overlay bool   `json:"overlay"` // it stands on the golden image, and is of use only beside it; else a copy
	Size    int64  `json:"size"`    // of its file, in bytes
}
