package winimage

import "strings"

// Architecture is the processor architecture of a Windows, in the words of answer files. Empty means unknown.
type Architecture string

// The architectures.
const (
	AMD64 Architecture = "amd64"
	ARM64 Architecture = "arm64"
	X86   Architecture = "x86"
)

// The values of Facts.ProductType.
const (
	ProductClient           = "WinNT"
	ProductServer           = "ServerNT"
	ProductDomainController = "LanmanNT"
)

// Facts is what an image says of itself. Fields are empty when it does not say; it holds no secret. Text comes from
// the image, with control characters replaced.
type Facts struct {
	WindowsPath string `json:"windows_path"`

	ProductName      string       `json:"product_name,omitempty"` // as stored; see DisplayName
	EditionID        string       `json:"edition_id,omitempty"`
	InstallationType string       `json:"installation_type,omitempty"` // Client, Server, Server Core
	Build            int          `json:"build,omitempty"`             // 20348
	UBR              uint32       `json:"ubr,omitempty"`               // update build revision, 2700
	BuildText        string       `json:"windows_build,omitempty"`     // "20348.2700"
	Architecture     Architecture `json:"architecture,omitempty"`
	ProductType      string       `json:"product_type,omitempty"` // ProductClient …
	SMode            bool         `json:"s_mode,omitempty"`       // Windows in S mode

	Phase      Phase      `json:"phase"`
	ImageState string     `json:"image_state,omitempty"` // IMAGE_STATE_COMPLETE …
	Setup      SetupFlags `json:"setup"`
	ControlSet string     `json:"control_set"` // the one that the next boot uses, "ControlSet001"

	ComputerName string `json:"computer_name,omitempty"` // NetBIOS name
	HostName     string `json:"host_name,omitempty"`     // DNS host label
	DNSSuffix    string `json:"dns_suffix,omitempty"`    // primary DNS suffix
	MachineSID   string `json:"machine_sid,omitempty"`

	Membership   Membership    `json:"membership"`
	PendingJoins []PendingJoin `json:"pending_joins,omitempty"`

	Hives    []HiveFacts `json:"hives"` // SYSTEM, SOFTWARE, SECURITY, SAM
	Warnings []string    `json:"warnings,omitempty"`
}

// firstWindows11 is the first build of Windows 11 (documented).
const firstWindows11 = 22000

// DisplayName returns the product name for people. Windows 11 still calls itself Windows 10 in the registry
// (observed).
func (f Facts) DisplayName() string {
	if f.ProductType == ProductClient && f.Build >= firstWindows11 {
		if rest, ok := strings.CutPrefix(f.ProductName, "Windows 10"); ok {
			return "Windows 11" + rest
		}
	}
	return f.ProductName
}

// Hive returns the facts of one hive by name, such as "SAM".
func (f Facts) Hive(name string) HiveFacts {
	for _, h := range f.Hives {
		if h.Name == name {
			return h
		}
	}
	return HiveFacts{Name: name, State: HiveMissing}
}

// Membership is what the SECURITY hive says about the domain the machine belongs to.
type Membership struct {
	Joined        bool   `json:"joined"`
	DomainSID     string `json:"domain_sid,omitempty"`
	DomainName    string `json:"domain,omitempty"`         // DNS name
	NetBIOSName   string `json:"netbios_domain,omitempty"` // of the domain
	Workgroup     string `json:"workgroup,omitempty"`      // when not joined
	MachineSecret bool   `json:"machine_secret"`           // a machine password is stored; may outlive a membership
}

// PendingJoin is the trace of a join that another tool has left to be completed at boot.
type PendingJoin struct {
	Key string `json:"key"` // SYSTEM\Setup\DJOIN …
}

// SetupFlags are the values of SYSTEM\Setup that decide what the next boot does.
type SetupFlags struct {
	SystemSetupInProgress bool   `json:"system_setup_in_progress"`
	OOBEInProgress        bool   `json:"oobe_in_progress"`
	Upgrade               bool   `json:"upgrade"`
	SetupType             uint32 `json:"setup_type"` // 0 nothing, 1 run CmdLine and restart, 2 run CmdLine
	CmdLine               string `json:"cmd_line,omitempty"`
	UnattendFile          string `json:"unattend_file,omitempty"` // the answer file that Setup takes first
}

// HiveState is the condition of a hive's files.
type HiveState string

// The conditions.
const (
	HiveClean         HiveState = "clean"         // closed cleanly; its structure is not looked at, but see [Image.VerifySystem]
	HivePending       HiveState = "pending"       // not closed cleanly; its logs complete it
	HiveUnrecoverable HiveState = "unrecoverable" // not closed cleanly; its logs do not complete it
	HiveDamaged       HiveState = "damaged"
	HiveMissing       HiveState = "missing"
	HiveUnreadable    HiveState = "unreadable" // no rights, or no regular file
)

// HiveFacts tells the condition of one hive.
type HiveFacts struct {
	Name     string    `json:"name"` // SYSTEM …
	Path     string    `json:"path,omitempty"`
	State    HiveState `json:"state"`
	Pending  int       `json:"pending_entries,omitempty"`  // log entries that were applied in memory
	Orphaned int       `json:"orphaned_entries,omitempty"` // newer log entries that a clean header hides: lost changes
	Detail   string    `json:"detail,omitempty"`           // why it is not usable
}

// usable reports whether the hive can be relied on.
func (h HiveFacts) usable() bool { return h.State == HiveClean || h.State == HivePending }
