package options

import "strings"

// Word is an option or a computed fact, by the name that users write and read, such as "windows_path".
type Word string

// The options.
const (
	WindowsPath Word = "windows_path"
	ImagePath   Word = "image_path"
	Partition   Word = "partition"
	OverlayPath Word = "overlay_path"
	CopyPath    Word = "copy_path"
	Backing     Word = "backing"
	BlobFile    Word = "blob_file"
	Blob        Word = "blob"
	BlobWO      Word = "blob_wo"
	BlobVersion Word = "blob_wo_version"
	MachineName Word = "machine_name"
	Domain      Word = "domain"
	MethodWord  Word = "method"
	Existing    Word = "on_existing"
	DryRun      Word = "dry_run"
	SourceFile  Word = "source_file"
	Online      Word = "online"

	IdentityFile      Word = "identity_file"
	CompletionProgram Word = "completion_program"
	LedgerFile        Word = "ledger_file"
	LockTimeout       Word = "lock_timeout"
	Reuse             Word = "reuse"
	ReuseReason       Word = "reuse_reason"
	OnDestroy         Word = "on_destroy"
	AfterFirstBoot    Word = "after_first_boot"
	Backup            Word = "backup"
	ReportFile        Word = "report_file"
	RemoteTree        Word = "remote"
)

// The computed facts.
const (
	ID               Word = "id"
	Fingerprint      Word = "fingerprint"
	StatusWord       Word = "status"
	NetBIOSDomain    Word = "netbios_domain"
	DomainSID        Word = "domain_sid"
	DomainGUID       Word = "domain_guid"
	DomainController Word = "domain_controller"
	Site             Word = "site"
	WindowsProduct   Word = "windows_product"
	WindowsBuild     Word = "windows_build"
	Architecture     Word = "architecture"
	StagedAt         Word = "staged_at"
	StagedBy         Word = "staged_by"
	RecordedAt       Word = "recorded_at"
	Host             Word = "host"
	CompletedAt      Word = "completed_at"
	Result           Word = "result"
	ResultText       Word = "result_text"
	Detail           Word = "detail"
	MethodUsed       Word = "method_used"
	AccountSID       Word = "account_sid"
	Forest           Word = "forest"
	WindowsEdition   Word = "windows_edition"
	ProductType      Word = "product_type"
	ImageState       Word = "image_state"
	ComputerName     Word = "computer_name"
	MachineSID       Word = "machine_sid"
)

// entry is what is known of a word.
type entry struct {
	doc      string   // markdown, one or two sentences
	fallback string   // the default; empty: none
	allowed  []string // empty: anything
	secret   bool
}

// Name returns the word as HCL has it.
func (w Word) Name() string { return string(w) }

// Flag returns the word as the command line has it: "windows-path".
func (w Word) Flag() string { return strings.ReplaceAll(string(w), "_", "-") }

// Doc returns the documentation in markdown: one or two sentences, with the default and the allowed values in them.
func (w Word) Doc() string { return words[w].doc }

// Default returns the value that an absent option has, and "" when it has none.
func (w Word) Default() string { return words[w].fallback }

// Allowed returns the values that the option takes, and nil when it takes any.
func (w Word) Allowed() []string { return append([]string(nil), words[w].allowed...) }

// Secret reports whether the value must never be shown.
func (w Word) Secret() bool { return words[w].secret }
