package answerfile

// Names of answer files (documented: "Unattended Windows Setup Reference").
const (
	namespace = "urn:schemas-microsoft-com:unattend"

	passSpecialize = "specialize"
	passOOBE       = "oobeSystem"

	componentJoin  = "Microsoft-Windows-UnattendedJoin"
	componentShell = "Microsoft-Windows-Shell-Setup"

	// The other identity attributes that every component of Windows has.
	publicKeyToken = "31bf3856ad364e35"
	language       = "neutral"
	versionScope   = "nonSxS"
)

// Elements and attributes.
const (
	tagUnattend  = "unattend"
	tagSettings  = "settings"
	tagComponent = "component"

	tagIdentification = "Identification"
	tagProvisioning   = "Provisioning"
	tagAccountData    = "AccountData"
	tagComputerName   = "ComputerName"
	tagAutoLogon      = "AutoLogon"

	attrPass         = "pass"
	attrName         = "name"
	attrArchitecture = "processorArchitecture"
	attrToken        = "publicKeyToken"
	attrLanguage     = "language"
	attrScope        = "versionScope"
	// attrProcessed is what Windows adds to a pass of its cached file that it has been through (observed in public copies
	// of cached files).
	attrProcessed = "wasPassProcessed"
)

// erasedMark is what Windows writes in place of sensitive text of its cached file (observed).
const erasedMark = "*SENSITIVE*DATA*DELETED*"

// otherJoins are the children of Identification that ask for a membership in another way (documented).
var otherJoins = [...]string{
	"Credentials", "JoinDomain", "JoinWorkgroup", "MachineObjectOU", "MachinePassword", "UnsecureJoin",
}

// secretTags are elements whose text is masked before anything but the byte edit sees it.
var secretTags = [...]string{
	tagAccountData, "Password", "MachinePassword", "AdministratorPassword", "Value",
	"PlainText",
}

// architectures are the values of processorArchitecture that a component of this kind can have.
var architectures = [...]string{"amd64", "arm64", "x86"}
