// Package completion owns what happens at first boot: the registry contract between staging and the completion program,
// and (below it) the program itself.
//
// The contract lives in one key of the image's SYSTEM hive, HKLM\SYSTEM\Setup\OfflineJoin. Staging writes it, the
// completion program (package odjboot) reads it inside Windows at first boot, hands the blob to Windows' documented
// NetRequestOfflineDomainJoin, erases the blob and records the outcome in the same key. Both ends import this package,
// so that no name, type or value is written down twice.
//
// Method registry arms the hook that Windows Setup itself uses: SYSTEM\Setup SetupType = 2 and CmdLine = odjboot.exe
// run the program as SYSTEM before anybody can log on (observed in public repair tools; no page of
// Microsoft's has it).
package completion

//go:generate go -C ../tools run ./picture ../../docs/first-boot.txt ../../docs/first-boot.svg

// Version is the newest version of the contract that this build writes and understands. Every earlier one is understood,
// too. A record has the earliest version with which an older program would do the same ([Hook.RecordVersion]):
//
//	1   the hook that is put back is a REG_DWORD and a REG_SZ
//	2   it is put back by type and bytes, whatever they are
const Version uint32 = 2

// Keys, relative to the root of the SYSTEM hive (HKLM\SYSTEM).
const (
	SetupKey = `Setup`             // Windows' own: SetupType, CmdLine
	Key      = `Setup\OfflineJoin` // ours
)

// Values of Windows' own key [SetupKey].
const (
	ValueSetupType             = "SetupType"             // REG_DWORD, see SetupTypeNone
	ValueCmdLine               = "CmdLine"               // REG_SZ
	ValueSetupShutdownRequired = "SetupShutdownRequired" // REG_DWORD, 1: restart after CmdLine
)

// Values of our [Key].
const (
	ValueVersion           = "Version"           // REG_DWORD, Version
	ValueMethod            = "Method"            // REG_SZ, MethodRegistry …
	ValueState             = "State"             // REG_SZ, StateStaged …
	ValueFingerprint       = "Fingerprint"       // REG_SZ, lower-case hex SHA-256, not secret
	ValueMachineName       = "MachineName"       // REG_SZ
	ValueDomain            = "Domain"            // REG_SZ, DNS name
	ValueStagedAt          = "StagedAt"          // REG_SZ, RFC 3339, UTC
	ValueCompletedAt       = "CompletedAt"       // REG_SZ, RFC 3339, UTC; written by the program
	ValueStagedBy          = "StagedBy"          // REG_SZ, "offlinejoin/0.1.0"
	ValueProvisioningBlob  = "ProvisioningBlob"  // REG_BINARY, NDR bytes, SECRET; erased at completion
	ValueBlobSHA256        = "BlobSHA256"        // REG_SZ, see below; goes when the blob goes
	ValuePreviousSetupType = "PreviousSetupType" // type and bytes of SetupType; absent when that was absent
	ValuePreviousCmdLine   = "PreviousCmdLine"   // type and bytes of CmdLine; absent when that was absent
	ValueAttempts          = "Attempts"          // REG_DWORD, how often the program has started
	ValueResult            = "Result"            // REG_DWORD, Win32/NERR code of the last attempt
	ValueResultText        = "ResultText"        // REG_SZ, one sentence without secrets
	ValueAnswerFile        = "AnswerFile"        // REG_SZ, method answer_file: where the join is merged in, and how to undo it

	ValueProgramSHA256     = "ProgramSHA256"     // REG_SZ, lower-case hex, of odjboot.exe as it was put into System32
	ValueOwner             = "Owner"             // REG_SZ, a random name of whoever staged it last, or took it over; absent: nobody in particular
	ValueShutdownTime      = "ShutdownTime"      // REG_BINARY, the bytes of ControlShutdownTime at staging; absent when that was
	ValueGoldenImage       = "GoldenImage"       // REG_SZ, new overlays: what the disk that they stand on was like (package imagefs, GoldenMark)
	ValueAccountPwdLastSet = "AccountPwdLastSet" // REG_BINARY, 8 bytes, little endian: pwdLastSet of the account when the blob was made; absent: not known
	ValueAccountGUID       = "AccountObjectGUID" // REG_SZ, objectGUID of the account; with AccountPwdLastSet or not at all
)

// Windows' own value that tells whether it ran: the time of its last shutdown, in Control\Windows of the control set
// (observed). It is compared with itself only, never with another clock.
const (
	ControlWindowsKey    = `Control\Windows`
	ControlShutdownTime  = "ShutdownTime"
	MaxShutdownTimeBytes = 64 // a FILETIME has 8
)

// [ValueBlobSHA256] is the SHA-256 of the data of [ValueProvisioningBlob], byte for byte, as 64 lower-case hexadecimal
// digits. The program compares it before it uses the blob, and refuses a blob without it. Fingerprint does not serve for
// that: it is about the decoded blob, and a program that runs at first boot is no place for the decoder.
//
// It detects damage, not an enemy: who may write the one may write the other. It is no secret where the password is
// random (120 characters), because nothing in a blob can be found from it. Of a blob with the default password or one
// that people chose, the digest tells somebody who knows all the rest whether a guess is right. So it lies in the same
// key, which only SYSTEM and Administrators can read, no plan, receipt, status or listing of a hive shows it ([IsSecret]),
// and it is deleted with the blob.

// States, the values of [ValueState].
const (
	StateStaged = "staged" // waits for a boot: the first, or after a passing error (Attempts > 0) the next

	// StateStarted stands while the program works, and stays when the program met its end in it: a loss of power. The
	// hook is not armed then, the blob may still be there, and Result and ResultText say so. Nothing goes on by itself.
	StateStarted = "started"

	StateCompleted = "completed" // Windows' function took the blob
	StateFailed    = "failed"    // it did not; Result and ResultText tell why, and the blob is erased

	// Reserved for later versions, so that nothing else takes these words.
	StateBlocked   = "blocked"   // something kept the program from running
	StateWithdrawn = "withdrawn" // the account was disabled or deleted after staging
)

// MaxAttempts is how many starts of the program may call Windows' function: a passing error of the last is final.
const MaxAttempts uint32 = 3

// Methods, the values of [ValueMethod].
const (
	MethodRegistry   = "registry"
	MethodAnswerFile = "answer_file"
)

// SetupType values of Windows (observed).
const (
	SetupTypeNone       uint32 = 0 // start normally
	SetupTypeRestart    uint32 = 1 // run CmdLine, then restart
	SetupTypeThenLogon  uint32 = 2 // run CmdLine, then go on to the logon screen
	ProvisionOnlineCall uint32 = 0x40000000
)

// Sizes in bytes that a ProvisioningBlob may have. The lower one is below every real blob (the smallest seen has 1568),
// the upper one is the registry's documented limit for a value in hives of the older format, and far above blobs with
// certificates and policies.
const (
	MinBlobSize = 64
	MaxBlobSize = 1 << 20
)

// ProgramFile is the name of the completion program in the image's System32 folder, and the CmdLine that runs it. It is
// an 8.3 name on purpose (docs/internals/windows.md §3).
const ProgramFile = "odjboot.exe"

// LogFile is the program's text log, below the Windows folder: one line or more for each start, no secret.
const LogFile = `debug\offlinejoin.log`

// EventSource is the source of the program's events in the Application log. The program registers it, with Windows'
// own EventCreate.exe as its message file, whose messages 1 to 1000 show the event's text as it is (observed; Go's
// golang.org/x/sys does the same).
const EventSource = "OfflineJoin"

// Events of [EventSource], one for each outcome. Their text is that of ResultText.
const (
	EventCompleted uint32 = 1 // information: the join is done
	EventFailed    uint32 = 2 // error: it is not, and is not tried again
	EventRetry     uint32 = 3 // warning: it is not, and is tried again at the next boot
)

// ProgramMarker is how the completion program's marker begins, the text in its file that names its version; the version,
// [ContractMarker], the newest version of the contract that it understands, and a semicolon follow. It can be read without running the program, and signing the file does not touch it.
const ProgramMarker = "odjboot.exe of offlinejoin "

// ContractMarker stands in the marker before the version of the contract.
const ContractMarker = " contract "
