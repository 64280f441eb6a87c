package options

import "strings"

// Name is an option or a computed fact, by the name that users write and read, such as "windows_path".
type Name string

// The options.
const (
	WindowsPath    Name = "windows_path"
	ImagePath      Name = "image_path"
	Partition      Name = "partition"
	OverlayPath    Name = "overlay_path"
	CopyPath       Name = "copy_path"
	Backing        Name = "backing"
	JournalDir     Name = "journal_dir"
	ImageName      Name = "image_name"
	BlobFile       Name = "blob_file"
	Blob           Name = "blob"
	BlobWO         Name = "blob_wo"
	BlobVersion    Name = "blob_wo_version"
	MachineName    Name = "machine_name"
	Domain         Name = "domain"
	MethodName     Name = "method"
	OnExistingName Name = "on_existing"
	DryRun         Name = "dry_run"
	Online         Name = "online"

	IdentityFile      Name = "identity_file"
	CompletionProgram Name = "completion_program"
	LedgerFile        Name = "ledger_file"
	LedgerURL         Name = "ledger"
	LockTimeout       Name = "lock_timeout"
	Reuse             Name = "reuse"
	ReuseReason       Name = "reuse_reason"
	OnDestroy         Name = "on_destroy"
	AfterFirstBoot    Name = "after_first_boot"
	// OnDestroyDisk is what on_destroy means for a resource that has made a disk.
	OnDestroyDisk  Name = "on_destroy_disk"
	Backup         Name = "backup"
	ReportFile     Name = "report_file"
	RemoteTree     Name = "remote"
	SecretExposure Name = "secret_exposure"
)

// The options of the block active_directory: how the domain is reached. Each is a word of the block ([Name.String]), a flag
// ([Name.Flag]) and an environment variable ([Name.Variable]).
const (
	ADDomain       Name = "ad_domain"
	ADController   Name = "ad_dc"
	ADSite         Name = "ad_site"
	ADUser         Name = "ad_user"
	ADPassword     Name = "ad_password"
	ADPasswordFile Name = "ad_password_file"
	ADKeytab       Name = "ad_keytab"
	ADCCache       Name = "ad_ccache"
	ADCurrentUser  Name = "ad_current_user"
	ADSecurity     Name = "ad_security"
	ADSimpleBind   Name = "ad_simple_bind"
	ADCAFile       Name = "ad_ca_file"
	ADTimeout      Name = "ad_timeout"
)

// The options of the block account: what account is asked for. Its machine_name is [AccountMachineName].
const (
	AccountMachineName      Name = "account_machine_name"
	AccountOU               Name = "account_ou"
	AccountObjectGUID       Name = "account_object_guid"
	AccountReuse            Name = "account_reuse"
	AccountTrustedOwners    Name = "account_trusted_owners"
	AccountReplaceLive      Name = "account_replace_live"
	AccountDescription      Name = "account_description"
	AccountPersistentSite   Name = "account_persistent_site"
	AccountNetBIOSName      Name = "account_netbios_name"
	AccountPrimaryDNSDomain Name = "account_primary_dns_domain"
	AccountRootCACerts      Name = "account_root_ca_certs"
	AccountOnError          Name = "account_on_error"
)

// The blocks, and the options about the end of an account.
const (
	ActiveDirectory  Name = "active_directory"
	Account          Name = "account"
	AccountOnDestroy Name = "account_on_destroy"
	DeleteLive       Name = "delete_live"
)

// The names of facts that code outside of the tables in facts.go needs. A fact may also have the name of an option, such as
// [MachineName].
const (
	ID          Name = "id"
	Fingerprint Name = "fingerprint"
	Status      Name = "status"
	Path        Name = "path"
	Format      Name = "format"
	VirtualSize Name = "virtual_size"
	BackingPath Name = "backing_path"
)

// entry is what the catalogue has of an option.
type entry struct {
	doc      string   // markdown, one or two sentences
	fallback string   // the default; empty: none
	allowed  []string // empty: anything
	secret   bool
	word     string // in its block; empty: the name itself
	flag     string // empty: the name with dashes
}

// String returns the name as HCL has it: "windows_path"; of an option of a block as the block has it: "user" for "ad_user".
func (n Name) String() string {
	if word := catalogue[n].word; word != "" {
		return word
	}
	return string(n)
}

// Flag returns the name as the command line has it: "windows-path", "ad-user".
func (n Name) Flag() string {
	if flag := catalogue[n].flag; flag != "" {
		return flag
	}
	return strings.ReplaceAll(string(n), "_", "-")
}

// Doc returns the documentation in markdown: one or two sentences, with the default and the allowed values in them.
func (n Name) Doc() string { return catalogue[n].doc }

// Default returns the value that an absent option has, and "" when it has none.
func (n Name) Default() string { return catalogue[n].fallback }

// Allowed returns the values that the option takes, and nil when it takes any.
func (n Name) Allowed() []string { return append([]string(nil), catalogue[n].allowed...) }

// Secret reports whether the value must never be shown.
func (n Name) Secret() bool { return catalogue[n].secret }
