package claims

// Sources that several claims have.
const (
	azureRepair = "public repair tools for virtual machines (Azure VM repair) set it in offline hives, up to current Windows"
	deployment  = "Microsoft's own MDT and Configuration Manager scripts set `CmdLine` with `SetupType` 2 and use " +
		"`SetupShutdownRequired` with it; several products set it offline on completed images up to Windows 11"
	learnJoin  = "Microsoft Learn: NetRequestOfflineDomainJoin, DirectAccess Offline Domain Join (`/localos`, then a restart)"
	joinCodes  = "Microsoft Learn: NetRequestProvisioningPackageInstall, Network Management Error Codes"
	learnSetup = "Microsoft Learn: Windows Setup Automation Overview"
	unattended = "Microsoft Learn: Microsoft-Windows-UnattendedJoin, its settings Provisioning and AccountData"
	realHives  = "194 real hives of Windows NT 4 to 11"
	realDisks  = "44 real volumes and disks that Windows XP to 10 and Server 2022, Hyper-V, qemu, VMware and others made"
	twoOthers  = "follows from the descriptions of the format and from two other programs that replay logs"
	stockHives = "real hives of Windows 7 to 11 and Server 2008 to 2022"
	earlyProof = "a deployment product runs `djoin /requestodj … /localos` as SYSTEM before the first logon"
)

var table = []Claim{
	// The steps of docs/first-boot.md, in its order.
	{
		ID: "hook-runs-before-logon", Topic: FirstBoot, Step: "start", Level: Observed, Aside: azureRepair,
		Says:   "Windows runs `CmdLine` as SYSTEM before anybody can log on, because `SetupType` is 2",
		Source: azureRepair + "; " + deployment,
	},
	{
		ID: "hook-bare-name", Topic: FirstBoot, Step: "start", Level: Observed, Aside: "known values have that form",
		Says: "it finds a bare name in `System32`", Source: "known values of `CmdLine` are bare or relative to `System32`",
	},
	{
		ID: "gui-program-is-waited-for", Topic: FirstBoot, Step: "start", Level: Inferred,
		Says:   "it waits for a program without a console as for any other, and no window shows",
		Source: "`CmdLine` is waited for (observed), and a process is waited for by its handle, whatever its subsystem (documented)",
	},
	{
		ID: "own-access-list", Topic: FirstBoot, Step: "1", Level: Documented, Aside: "`SetNamedSecurityInfo`",
		Says: "gives its own file to SYSTEM and Administrators only", Source: "Microsoft Learn: SetNamedSecurityInfo",
	},
	{
		ID: "hook-put-back", Topic: FirstBoot, Step: "2", Level: Observed, Aside: "the calls are documented",
		Says:   "puts `SetupType` and `CmdLine` back, which Windows does not do by itself, and flushes (`RegFlushKey`)",
		Source: azureRepair + "; RegSetValueEx, RegFlushKey: Microsoft Learn",
	},
	{
		ID: "attempt-counted", Topic: FirstBoot, Step: "3, 4", Level: Decided,
		Says: "counts the attempt, checks version, method and state, writes `State` = `started`",
	},
	{
		ID: "digest-compared", Topic: FirstBoot, Step: "5", Level: Decided, Aside: "BCryptHash is documented",
		Says: "compares the blob's SHA-256 with `BlobSHA256`, wipes its copy",
	},
	{
		ID: "online-request", Topic: FirstBoot, Step: "6", Level: Documented,
		Says: "starts a second process, which checks the blob again and calls `NetRequestOfflineDomainJoin` with 0x40000000 and " +
			"`%SystemRoot%`: the running Windows takes the join, and a restart completes it",
		Source: learnJoin,
	},
	{
		ID: "request-works-early", Topic: FirstBoot, Step: "6", Level: Inferred,
		Says: "… and it works that early in a boot", Source: earlyProof + " (observed), by another hook",
	},
	{
		ID: "second-process-early", Topic: FirstBoot, Step: "6", Level: Observed, Aside: "tools start others there",
		Says: "… a second process can be started that early", Source: azureRepair + ", as `cmd.exe /c …`, which starts the repair",
	},
	{
		ID: "workstation-passes", Topic: FirstBoot, Step: "6", Level: Inferred,
		Says:   "… 2138 (Workstation service not started) passes by waiting, at most a minute",
		Source: "the service starts by itself in a boot (documented)",
	},
	{
		ID: "process-ended", Topic: FirstBoot, Step: "6", Level: Documented, Aside: "`TerminateProcess`",
		Says: "ends a process that takes longer than 5 minutes", Source: "Microsoft Learn: TerminateProcess",
	},
	{
		ID: "request-again", Topic: FirstBoot, Step: "6", Level: Inferred,
		Says:   "… calling again at a later boot after that does no harm",
		Source: "the function makes local changes only (documented)",
	},
	{
		ID: "blob-erased", Topic: FirstBoot, Step: "7", Level: Documented, Aside: "the calls",
		Says: "overwrites the blob with zeros, flushes, deletes, flushes", Source: "Microsoft Learn: RegSetValueEx, RegFlushKey, RegDeleteValue",
	},
	{
		ID: "erased-bytes-gone", Topic: FirstBoot, Step: "7", Level: Inferred,
		Says:   "… and the old bytes are gone from the hive's file",
		Source: "data that keeps its size can stay in its cell",
	},
	{
		ID: "removed-at-next-start", Topic: FirstBoot, Step: "8", Level: Documented, Aside: "`MoveFileEx`, `MOVEFILE_DELAY_UNTIL_REBOOT`",
		Says: "has its file deleted at the next start", Source: "Microsoft Learn: MoveFileEx",
	},
	{
		ID: "outcome-recorded", Topic: FirstBoot, Step: "9", Level: Decided,
		Says: "writes `Result`, `ResultText`, `CompletedAt` and last `State`",
	},
	{
		ID: "log-written", Topic: FirstBoot, Step: "10", Level: Decided, Says: "writes `%WINDIR%\\debug\\offlinejoin.log`",
	},
	{
		ID: "event-written", Topic: FirstBoot, Step: "10", Level: Documented, Aside: "`EventCreate.exe` as its message file: observed",
		Says:   "writes an event of the source `OfflineJoin` to the Application log (`ReportEvent`)",
		Source: "Microsoft Learn: ReportEvent; Go's own event log package uses the same message file",
	},
	{
		ID: "event-log-early", Topic: FirstBoot, Step: "10", Level: Open,
		Says: "… the event log service runs that early; the program waits 10 seconds at most and needs no event",
	},
	{
		ID: "restart-once", Topic: FirstBoot, Step: "11", Level: Documented,
		Says:   "restarts once after success (`InitiateSystemShutdownEx`, asked again for 30 seconds)",
		Source: "Microsoft Learn: InitiateSystemShutdownEx",
	},
	{
		ID: "restart-by-value", Topic: FirstBoot, Step: "11", Level: Observed, Aside: "that it still counts then: **inferred**",
		Says: "sets `SetupShutdownRequired` = 1 when that is refused", Source: deployment,
	},
	{
		ID: "member-after-restart", Topic: FirstBoot, Step: "after", Level: Documented,
		Says:   "the machine is a member of the domain: 2713 and 0 are success and take effect with a restart",
		Source: learnJoin + "; for 2713: " + joinCodes,
	},
	{
		ID: "blocked-program-leaves-hook", Topic: FirstBoot, Level: Inferred,
		Says: "a program that application control or an antivirus blocks leaves hook and blob armed, and Windows goes on to the " +
			"logon screen; `ShutdownTime` changes at that boot's end and `Attempts` stays absent, which `status` tells",
		Source: "`ShutdownTime` of `Control\\Windows` is written at each shutdown (observed in real hives)",
	},
	{
		ID: "replaced-program-told", Topic: FirstBoot, Level: Decided,
		Says: "`status` tells a program in the place of ours, before a boot runs it as SYSTEM and after it; one that cannot be run leaves " +
			"hook and blob armed",
	},
	{
		ID: "policy-allows-by-hash", Topic: FirstBoot, Level: Documented,
		Says:   "a policy of App Control that allows the program's Authenticode hash lets it run",
		Source: "Microsoft Learn: Understand App Control for Business policy rules and file rules; Use multiple App Control policies",
	},
	{
		ID: "policy-at-first-boot", Topic: FirstBoot, Level: Inferred,
		Says: "… also as early as the program runs", Source: "policies are in force from the start of Windows on (documented)",
	},
	{
		ID: "power-cut-leaves-known-state", Topic: FirstBoot, Level: Inferred,
		Says: "when the power goes, the image is in one of the states of [When the power goes](first-boot.md#when-the-power-goes), and the " +
			"next boot gets to the logon screen",
		Source: "what was flushed by `RegFlushKey` is on the disk (documented); the program's order of steps is tested with a failure at each",
	},
	{
		ID: "event-message-file", Topic: FirstBoot, Level: Observed,
		Says:   "`EventCreate.exe` is in every Windows but Nano Server, and shows the text of the events 1 to 1000 as it is",
		Source: "Go's own event log package, and programs that use it",
	},
	{
		ID: "shutdown-time", Topic: FirstBoot, Level: Observed,
		Says:   "`ShutdownTime` of `Control\\Windows` is written at each shutdown",
		Source: "real hives; forensic tools read it as that",
	},
	{
		ID: "other-command-after", Topic: FirstBoot, Level: Inferred,
		Says: "a command that an image was to run at its next boot runs at the boot after the join, when the program has " +
			"put it back",
		Source: "the values are the same ones, and count for each boot (observed)",
	},
	{
		ID: "join-replaces-join", Topic: FirstBoot, Level: Open,
		Says: "a machine that is a member of another domain becomes one of the new domain",
		Source: "the function's page says nothing of members; NetJoinDomain refuses a member with 2691 unless a flag of its own allows " +
			"it (documented)",
	},
	{
		ID: "power-button", Topic: FirstBoot, Level: Inferred,
		Says:   "Windows shuts down by the power button of ACPI at its logon screen",
		Source: "so do the power plans that Windows has by default",
	},
	{
		ID: "policies-place", Topic: FirstBoot, Level: Documented,
		Says:   "policies of App Control are active in `System32\\CodeIntegrity\\CiPolicies\\Active`",
		Source: "Microsoft Learn: Deploy App Control policies using script",
	},
	{
		ID: "handover-unknown", Topic: FirstBoot, Level: Open,
		Says: "where Windows' own function leaves its data in an image; nothing is written there, and nothing depends on it",
	},

	// docs/guides/answer-file.md and package answerfile.
	{
		ID: "account-data-joins", Topic: AnswerFile, Level: Documented,
		Says:   "`AccountData` in the specialize pass joins the machine",
		Source: unattended,
	},
	{
		ID: "account-data-of-samba", Topic: AnswerFile, Level: Observed,
		Says: "so it did on Windows 11 24H2 with a blob made by Samba", Source: "published by others",
	},
	{
		ID: "account-data-bare", Topic: AnswerFile, Level: Observed,
		Says: "a stray blank or line break in `AccountData` makes Setup fail", Source: "public logs of Windows Setup",
	},
	{
		ID: "computer-name-agrees", Topic: AnswerFile, Level: Observed,
		Says: "`ComputerName` in the same pass must be the blob's", Source: "public logs of Windows Setup",
	},
	{
		ID: "search-order", Topic: AnswerFile, Level: Documented,
		Says: "Setup takes for each pass the first file with settings for it, in a fixed order of places", Source: learnSetup,
	},
	{
		ID: "drive-c-is-own", Topic: AnswerFile, Level: Inferred,
		Says:   "`C:` in `UnattendFile` is the image's own drive",
		Source: "an image that is booted from its own disk gives its drive that letter",
	},
	{
		ID: "passes-once", Topic: AnswerFile, Level: Documented,
		Says: "passes that were processed are not processed again", Source: learnSetup + "; the mark `wasPassProcessed` is observed",
	},
	{
		ID: "sensitive-data-removed", Topic: AnswerFile, Level: Documented,
		Says: "Setup removes sensitive data from its cached file after each pass", Source: learnSetup,
	},
	{
		ID: "setup-erases-account-data", Topic: AnswerFile, Level: Inferred,
		Says: "Setup erases `AccountData` from its cached file", Source: "it erases sensitive data (documented) and passwords (observed)",
	},
	{
		ID: "provisioning-wins", Topic: AnswerFile, Level: Documented,
		Says: "`Provisioning` wins over `Credentials`", Source: unattended,
	},
	{
		ID: "autologon-loops", Topic: AnswerFile, Level: Observed,
		Says: "an automatic logon of a local user on a joined client edition loops in the first-run screens", Source: "public reports, Windows 11",
	},

	{
		ID: "answer-file-place", Topic: AnswerFile, Level: Documented,
		Says:   "`Panther\\unattend.xml` is a place for the answer file of an image that is not running",
		Source: learnSetup + ", \"Replace the answer file in an offline image\"",
	},
	{
		ID: "component-names-case", Topic: AnswerFile, Level: Inferred,
		Says: "names of components are compared without case", Source: "so does the store of Windows' components",
	},
	{
		ID: "setup-uses-the-hook", Topic: AnswerFile, Level: Observed,
		Says: "in a generalized image the hook `SetupType`, `CmdLine` is Windows Setup's own", Source: "generalized hives; public deployment scripts",
	},
	{
		ID: "other-hooks", Topic: AnswerFile, Level: Documented,
		Says: "`SetupComplete.cmd` runs after Setup only, and `RunOnce` needs a logon", Source: "Microsoft Learn: Add a custom script to Windows Setup; Run and RunOnce registry keys",
	},
	{
		ID: "answer-file-words", Topic: AnswerFile, Level: Documented,
		Says: "passes, components and elements are those of the reference: commands, other ways to join, `ComputerName` " +
			"`*` for a name that Setup makes up",
		Source: "Microsoft Learn: Unattended Windows Setup Reference; How Configuration Passes Work; " +
			"Microsoft-Windows-UnattendedJoin",
	},
	{
		ID: "component-twice", Topic: AnswerFile, Level: Observed,
		Says:   "Setup stops at a component that is twice in one pass for one architecture",
		Source: "public reports: \"specified more than once\"",
	},
	{
		ID: "twice-in-one-place", Topic: AnswerFile, Level: Open,
		Says: "which of two passes, components, elements or files in one place Setup takes; such a file is refused",
	},
	{
		ID: "encoding-declared", Topic: AnswerFile, Level: Observed,
		Says:   "an answer file whose XML declaration names another encoding than its own is refused",
		Source: "public reports of the XML reader (MSXML)",
	},
	{
		ID: "cached-file-marks", Topic: AnswerFile, Level: Observed,
		Says:   "Setup marks passes it has been through in its cached file, and puts a mark in the place of sensitive text",
		Source: "public copies of cached files",
	},

	// docs/internals/regf.md.
	{
		ID: "hive-loads", Topic: Hives, Level: Inferred,
		Says: "Windows' kernel loads hives that our engine made and edited, and reads in them what we wrote",
		Source: "ReactOS' hive checker accepts every hive we edited that it accepted before: 92 of 92, with 300 random edits each, " +
			"undone to equality; hivex, libregf and reged read them (tests)",
	},
	{
		ID: "hive-recovers", Topic: Hives, Level: Inferred,
		Says:   "Windows recovers a hive from our logs as our own reader does, in each state that a crash can leave",
		Source: twoOthers + "; ReactOS' checker: 10 of 10 dirty hives only after our commit",
	},
	{
		ID: "hive-written-back", Topic: Hives, Level: Inferred,
		Says: "what Windows writes into such a hive, our engine reads", Source: realHives + " are read alike by two independent readers",
	},
	{
		ID: "hive-descriptors", Topic: Hives, Level: Inferred,
		Says: "Windows takes our security descriptors as they are", Source: "[MS-DTYP] 2.4.6; real hives have the same form",
	},

	{
		ID: "hive-checked-by-reactos", Topic: Hives, Level: Observed,
		Says:   "ReactOS' checker of hives accepts every hive we edited that it accepted before",
		Source: "92 of 92 hives, with 300 random edits each, undone to equality: runs of its code with our hives",
	},
	{
		ID: "hive-recovered-for-reactos", Topic: Hives, Level: Observed,
		Says:   "hives that were not closed cleanly pass that checker only after our recovery and commit",
		Source: "10 of 10 dirty hives: runs of its code with our hives",
	},
	{
		ID: "hive-limits", Topic: Hives, Level: Documented,
		Says: "a key's name has 255 characters at most, a value's 16,383, keys lie 512 levels deep at most, and a value in a hive " +
			"of the older format has 1 MB",
		Source: "Microsoft Learn: Registry element size limits",
	},
	{
		ID: "hive-form", Topic: Hives, Level: Observed,
		Says:   "hives and their logs have the form that their two public descriptions say, of versions 1.3 to 1.6",
		Source: "real hives of Windows XP to 11, about 200 log entries that Windows wrote",
	},
	{
		ID: "hive-leftovers", Topic: Hives, Level: Observed,
		Says: "when Windows recovers or heals a hive, it leaves cells that nothing refers to, and descriptors that count " +
			"too many users",
		Source: "real hives; three hives before and after Windows' own recovery",
	},
	{
		ID: "key-descriptor", Topic: Hives, Level: Documented,
		Says:   "a new key's descriptor is computed from its parent's",
		Source: "[MS-DTYP] 2.5.3.4",
	},
	{
		ID: "registry-calls", Topic: Hives, Level: Documented,
		Says: "`RegSetValueEx` is given the type and the bytes, `RegFlushKey` ends when all is on the disk, `RegLoadKey` needs the " +
			"privileges of backup and restore, `RegLoadAppKey` none, and `RegSaveKeyEx` can save a hive without compression",
		Source: "Microsoft Learn: RegSetValueEx, RegFlushKey, RegLoadKey, RegLoadAppKey, RegCreateKeyEx, RegSaveKeyEx",
	},
	{
		ID: "hive-free-space", Topic: Hives, Level: Inferred,
		Says:   "a hive that is saved without compression keeps its free space",
		Source: "the flag says without compression (documented), and what compression leaves out is free space",
	},

	// docs/internals/disk.md.
	{
		ID: "volume-read", Topic: Volumes, Level: Observed,
		Says: "volumes that Windows made are read as two independent readers read them", Source: realDisks,
	},
	{
		ID: "volume-forms", Topic: Volumes, Level: Observed,
		Says:   "our edits go by what volumes of Windows show: their flags, logs, bitmaps, directories, and who may read which file",
		Source: "23 NTFS volumes that Windows wrote, of " + realDisks + "; copies that our engine edited stay sound for an independent checker",
	},
	{
		ID: "volume-mounts", Topic: Volumes, Level: Inferred,
		Says:   "Windows mounts volumes that our engine edited, and `chkdsk` finds nothing to mend",
		Source: "an independent checker, ntfsfix, ntfsresize and ntfs-3g find nothing new on edited copies of those volumes",
	},
	{
		ID: "volume-descriptors", Topic: Volumes, Level: Inferred,
		Says: "files that our engine made have the access list that Windows shows for them", Source: "`$SDS` entries as Windows wrote them",
	},
	{
		ID: "chkdsk-code", Topic: Volumes, Level: Documented,
		Says: "`chkdsk` ends with 0 when it found nothing", Source: "Microsoft Learn: chkdsk",
	},
	{
		ID: "start-leaves-traces", Topic: Volumes, Level: Inferred,
		Says:   "a start of Windows changes the beginnings of `$LogFile`, `$MFT` and the SYSTEM hive",
		Source: "it opens the volume's log and the hive, which have sequence numbers there",
	},
	{
		ID: "virtual-disk-calls", Topic: Volumes, Level: Inferred,
		Says:   "virtdisk.dll attaches a disk without a drive letter, and differencing disks are made and detached as we call it",
		Source: "Microsoft Learn: OpenVirtualDisk, AttachVirtualDisk, CreateVirtualDisk; order and arguments are tested",
	},
	{
		ID: "virtual-disk-functions", Topic: Volumes, Level: Documented,
		Says: "virtdisk.dll makes, attaches and detaches disks, also without a drive letter; an overlay holds the " +
			"identifier of its parent; a volume tells its disk and whether it is dirty",
		Source: "Microsoft Learn: OpenVirtualDisk, AttachVirtualDisk, ATTACH_VIRTUAL_DISK_FLAG, CreateVirtualDisk, " +
			"CREATE_VIRTUAL_DISK_PARAMETERS, FSCTL_IS_VOLUME_DIRTY and the others named in the document; [MS-VHDX]",
	},
	{
		ID: "one-signature-online", Topic: Volumes, Level: Documented,
		Says:   "Windows keeps a disk offline while another with its signature is online",
		Source: "Microsoft Learn: VDS_DISK_OFFLINE_REASON; Mark Russinovich, at Microsoft: Fixing Disk Signature Collisions",
	},
	{
		ID: "one-identifier-online", Topic: Volumes, Level: Inferred,
		Says:   "so it does with two overlays of one golden disk, also GPT ones, and a new attachment brings the second online",
		Source: "`one-signature-online`; VDS_DISK_OFFLINE_REASON gives the identifier of a GPT disk as a reason, too (documented)",
	},
	{
		ID: "running-disk-held", Topic: Volumes, Level: Inferred,
		Says:   "a running machine of Hyper-V keeps other programs of its host out of its disk",
		Source: "share modes of files (documented)",
	},
	{
		ID: "hibernation-file", Topic: Volumes, Level: Observed,
		Says:   "`hiberfil.sys` begins with `HIBR`, `WAKE` or `RSTR`, in either case, while a Windows is hibernated",
		Source: "public forensic tools",
	},
	{
		ID: "full-shutdown", Topic: Volumes, Level: Observed,
		Says: "`shutdown /s /t 0 /full`, and `HiberbootEnabled` 0, let Windows shut down without fast startup", Source: "public guides and scripts",
	},
	{
		ID: "hibernation-off", Topic: Volumes, Level: Documented,
		Says: "`powercfg /h off` turns hibernation off, and fast startup is a way to shut down that writes the hibernation file",
		Source: "Microsoft Learn: How to disable and re-enable hibernation on a computer that is running Windows; System Power " +
			"States",
	},

	// docs/internals/disk.md, and what our code asks of Windows on files and processes.
	{
		ID: "file-names", Topic: Files, Level: Documented,
		Says: "names are found without regard to case, may have an 8.3 partner, and have no `\\` and no `:`; one path " +
			"has several spellings",
		Source: "Microsoft Learn: Naming Files, Paths, and Namespaces",
	},
	{
		ID: "short-name-no-link", Topic: Files, Level: Inferred,
		Says:   "a short name is no second hard link to Windows",
		Source: "it is another spelling of one name (documented)",
	},
	{
		ID: "file-calls", Topic: Files, Level: Documented,
		Says: "a new file has its access list from the first moment, is renamed without replacing, and a lock keeps " +
			"others from the bytes it covers",
		Source: "Microsoft Learn: CreateFile, MoveFileEx, LockFileEx, GetSecurityInfo, SetSecurityInfo",
	},
	{
		ID: "open-file-replaced", Topic: Files, Level: Inferred,
		Says:   "a file that is open on NTFS can be replaced by a rename since Windows 10, and its bytes go with its last handle",
		Source: "FILE_RENAME_POSIX_SEMANTICS (documented); that an ordinary rename uses it is in public reports",
	},
	{
		ID: "names-journaled", Topic: Files, Level: Documented,
		Says:   "NTFS logs changes of its metadata itself, and names are metadata",
		Source: "Microsoft Learn: File System Functionality Comparison",
	},
	{
		ID: "names-in-order", Topic: Files, Level: Inferred,
		Says:   "the order of such changes holds when the power goes",
		Source: "`names-journaled`",
	},
	{
		ID: "no-heap-in-reports", Topic: Files, Level: Documented,
		Says:   "a program can keep its heap out of error reports, or have none made",
		Source: "Microsoft Learn: SetErrorMode, WerSetFlags",
	},
	{
		ID: "command-lines", Topic: Files, Level: Documented,
		Says: "a command line of `cmd.exe` has 8191 characters at most, and PowerShell takes several characters for a " +
			"single quote",
		Source: "Microsoft Learn: Command prompt line string limitation, CodeGeneration.EscapeSingleQuotedStringContent",
	},
	{
		ID: "drives-of-a-session", Topic: Files, Level: Documented,
		Says:   "a service does not see the drive letters that a user has given to shares",
		Source: "Microsoft Learn: Services and Redirected Drives",
	},
	{
		ID: "guest-commands", Topic: Files, Level: Inferred,
		Says:   "a Windows guest with PowerShell, such as WinPE, runs the commands that the Packer provisioner sends",
		Source: "Microsoft Learn: PowerShell; they are tested with stand-ins of guests",
	},

	// Blobs.
	{
		ID: "request-takes-our-blobs", Topic: Blobs, Level: Inferred,
		Says:   "`NetRequestOfflineDomainJoin` takes blobs that we composed and blobs that Samba made",
		Source: "Samba reads ours, and ours are equal to Samba's byte by byte where both say the same; Windows 11 24H2 took Samba's (published by others)",
	},
	{
		ID: "request-codes", Topic: Blobs, Level: Documented,
		Says: "the codes of it and of its successor for damaged data, an unknown version, a foreign image and a domain controller " +
			"are those that we refuse with",
		Source: "Microsoft Learn: NetRequestOfflineDomainJoin (5, 50, 87, 2138), NetRequestProvisioningPackageInstall, its successor " +
			"(2709 to 2719); that ours mean the same in each case is inferred",
	},
	{
		ID: "offline-request", Topic: Blobs, Level: Documented,
		Says: "`NetRequestOfflineDomainJoin` takes a blob for an image at a path, or for the running Windows from an " +
			"elevated administrator; the join counts after the next start",
		Source: "Microsoft Learn: NetRequestOfflineDomainJoin",
	},
	{
		ID: "error-codes", Topic: Blobs, Level: Documented,
		Says: "codes have the names and numbers of `lmerr.h` and `winerror.h`",
		Source: "Microsoft Learn: Network Management Error Codes, System Error Codes, and `lmerr.h` of the Windows SDK for the codes " +
			"above 2719; that ours mean the same in each case is our judgement",
	},
	{
		ID: "blob-structures", Topic: Blobs, Level: Documented,
		Says: "the structures of a blob, GUIDs of its parts, what each is for, and that the password lies in it in clear",
		Source: "Microsoft Learn: Offline domain join IDL definitions, and the page of each structure; DOMAIN_CONTROLLER_INFO; " +
			"[MS-RPCE], [MS-DTYP]",
	},
	{
		ID: "blob-bytes", Topic: Blobs, Level: Observed,
		Says: "how the structures lie in the bytes, which formats and parts a writer takes, and how long the password " +
			"is: 120 characters",
		Source: "blobs of Samba 4.17 and 4.22 and one of Windows Server 2019; our writer makes the same bytes but for the " +
			"numbers of pointers",
	},
	{
		ID: "blob-files", Topic: Blobs, Level: Observed,
		Says:   "`djoin` writes base64 in UTF-16LE with a byte order mark and a NUL",
		Source: "public files, logs and tools; Samba writes the same",
	},
	{
		ID: "blob-readings", Topic: Blobs, Level: Inferred,
		Says: "`Options` has the flags of the call, JOIN_PROVIDER2 comes with a site or DNS domain, an unknown part of " +
			"that form is JOIN_PROVIDER4, and an unknown format is none of the join",
		Source: "the blobs of `blob-bytes`, and `blob-structures`",
	},
	{
		ID: "default-password", Topic: Blobs, Level: Documented,
		Says: "a machine's default password is its name in lower case, and the well-known one of an account that was made " +
			"beforehand is the first 14 characters of that",
		Source: "Microsoft Learn: NetProvisionComputerAccount (NETSETUP_PROVISION_USE_DEFAULT_PASSWORD); " +
			"Microsoft-Windows-UnattendedJoin, its settings MachinePassword and UnsecureJoin",
	},
	{
		ID: "root-certificates", Topic: Blobs, Level: Inferred,
		Says:   "`/rootcacerts` puts the forest's certification authorities into a blob",
		Source: "`forest-authorities`, and the name of the option",
	},

	// Machines and accounts.
	{
		ID: "secure-channel", Topic: Accounts, Level: Inferred,
		Says:   "a machine that was joined so has its secure channel, and domain accounts can log on",
		Source: "a join makes a trust between machine and domain (documented: Offline Domain Join (Djoin.exe) Step-by-Step Guide)",
	},
	{
		ID: "editions", Topic: Accounts, Level: Documented,
		Says: "home editions and S mode take no domain; a Nano Server is joined by `djoin` that runs on it, or while its image is made",
		Source: "Microsoft Learn: Network Management Error Codes (2698), Deploy Nano Server; Microsoft's comparisons of editions; " +
			"names of editions are observed",
	},
	{
		ID: "clones-sid", Topic: Accounts, Level: Observed,
		Says:   "Windows 11 24H2 and later and Server 2025 refuse Kerberos and NTLM between machines of one machine SID",
		Source: "public reports since the updates of August and September 2025",
	},
	{
		ID: "naming-rules", Topic: Accounts, Level: Documented,
		Says:   "a computer's NetBIOS name has 1 to 15 characters, and some are forbidden",
		Source: "Microsoft: Naming conventions in Active Directory for computers, domains, sites, and OUs",
	},
	// docs/first-boot-on-a-machine.md, "Logging on to a domain".
	{
		ID: "automatic-logon", Topic: Accounts, Level: Documented,
		Says: "four values of `Winlogon` log an account on at the start; a count that is used up, a notice at logon and an Exchange " +
			"ActiveSync policy stop that",
		Source: "Microsoft Learn: Turn on automatic logon in Windows; Microsoft-Windows-Shell-Setup, its setting LogonCount",
	},
	{
		ID: "automatic-logon-waits", Topic: Accounts, Level: Inferred,
		Says: "… when policies let logons wait for the network, that one, too", Source: "`logon-policies` says it of every logon",
	},
	{
		ID: "logon-policies", Topic: Accounts, Level: Documented,
		Says:   "policies let the first logon wait for the network, and leave out the privacy questions and the animation",
		Source: "Microsoft's templates Logon.admx, GroupPolicy.admx and OOBE.admx; Microsoft Learn: Policy CSP - ADMX_Logon",
	},
	{
		ID: "clock-is-utc", Topic: Accounts, Level: Observed,
		Says: "`RealTimeIsUniversal` makes Windows take the machine's clock for UTC", Source: "public guides for machines with two systems",
	},
	{
		ID: "driver-of-the-card", Topic: Accounts, Level: Inferred,
		Says: "Windows has a driver for the network card e1000e of qemu", Source: "it is a card of Intel's, and Windows has drivers for those",
	},
	{
		ID: "name-resolution-policy", Topic: Accounts, Level: Documented,
		Says:   "a rule of the name resolution policy table asks a DNS server of its own for the names of a domain",
		Source: "Microsoft Learn: Add-DnsClientNrptRule; [MS-GPNRPT] 2.2.2",
	},
	{
		ID: "controller-by-name-policy", Topic: Accounts, Level: Inferred,
		Says: "… and Windows finds the domain's controllers by it", Source: "they are found by DNS (documented)",
	},
	{
		ID: "profile-list", Topic: Accounts, Level: Documented,
		Says:   "`ProfileList` has a key for each profile, named by the account's SID",
		Source: "Microsoft KB 947215",
	},
	{
		ID: "profile-list-soon", Topic: Accounts, Level: Inferred,
		Says: "… which is in the hive's files minutes after a first logon", Source: "Windows writes changed hives down by itself (observed)",
	},
	{
		ID: "new-machine-sid", Topic: Accounts, Level: Documented,
		Says:   "`sysprep /generalize /oobe /shutdown` prepares an image whose clones get a SID of their own",
		Source: "Microsoft Learn: Sysprep (Generalize) a Windows installation",
	},
	{
		ID: "right-to-create", Topic: Accounts, Level: Documented,
		Says: "`dsacls` gives the right to create computers in an OU; without it a user makes ten, unless " +
			"`ms-DS-MachineAccountQuota` is 0",
		Source: "Microsoft Learn: Dsacls; Default limit to number of workstations a user can join to the domain; DirectAccess " +
			"Offline Domain Join",
	},
	{
		ID: "quota-owner", Topic: Accounts, Level: Documented,
		Says:   "who makes an account by that quota does not own it: the domain's administrators do",
		Source: "Microsoft Learn: Add workstations to domain",
	},
	{
		ID: "account-reuse", Topic: Accounts, Level: Documented,
		Says:   "since 2022 an account is taken again only by its creator, of an administrator, or of a trusted owner",
		Source: "Microsoft: KB5020276; Microsoft Learn: Active Directory domain join permissions",
	},
	{
		ID: "password-age", Topic: Accounts, Level: Documented,
		Says:   "a member changes its password every 30 days by default",
		Source: "Microsoft Learn: Domain member: Maximum machine account password age",
	},
	{
		ID: "ticket-lifetime", Topic: Accounts, Level: Documented,
		Says: "a ticket is good for 10 hours by default", Source: "Microsoft Learn: Maximum lifetime for service ticket",
	},
	{
		ID: "tickets-outlive", Topic: Accounts, Level: Documented,
		Says: "… also when its account is disabled meanwhile", Source: "Microsoft Learn: Maximum lifetime for service ticket",
	},
	{
		ID: "ldap-signing", Topic: Accounts, Level: Documented,
		Says:   "Windows Server 2025 requires LDAP signing by default in new domains",
		Source: "Microsoft Learn: LDAP signing for Active Directory Domain Services",
	},
	{
		ID: "single-label-domain", Topic: Accounts, Level: Documented,
		Says: "a machine that is in another forest, or in none, asks DNS for the controllers of a domain of one label only by the " +
			"policy AllowSingleLabelDnsDomain",
		Source: "Microsoft Learn: Configuring Active Directory domains that use single-label DNS names; Policy CSP - ADMX_Netlogon",
	},
	{
		ID: "forest-authorities", Topic: Accounts, Level: Documented,
		Says:   "the certification authorities that machines of a forest trust are in one container",
		Source: "Microsoft: Certification Authorities container; [MS-WCCE] 2.2.2.11.2 has the place of the container beside it",
	},
	{
		ID: "sspi-kerberos", Topic: Accounts, Level: Documented,
		Says:   "Kerberos of SSPI makes the same tokens as GSS-API",
		Source: "Microsoft Learn: SSPI/Kerberos Interoperability with GSSAPI",
	},

	// docs/internals/windows.md, section 5.
	{
		ID: "image-hives", Topic: Images, Level: Observed,
		Says: "SYSTEM, SOFTWARE, SECURITY and SAM with their logs lie in `System32\\config`", Source: stockHives,
	},
	{
		ID: "image-control-set", Topic: Images, Level: Documented,
		Says: "`Select` names the control set of the next boot (`Default`)", Source: "Microsoft: Select, in the reference of the Windows 2000 registry; KB 102984; " + stockHives,
	},
	{
		ID: "image-kind", Topic: Images, Level: Observed,
		Says: "`ProductType` tells clients, servers and domain controllers", Source: stockHives,
	},
	{
		ID: "image-version", Topic: Images, Level: Observed,
		Says: "`Windows NT\\CurrentVersion` has name, edition and build", Source: stockHives,
	},
	{
		ID: "image-architecture", Topic: Images, Level: Observed,
		Says: "`PROCESSOR_ARCHITECTURE`, or the machine field of a system program, tells the architecture", Source: stockHives + "; PE format: Microsoft Learn",
	},
	{
		ID: "image-nano-server", Topic: Images, Level: Observed,
		Says:   "`InstallationType` tells a Nano Server, which is joined by means of its own",
		Source: "public reports and images; that it has means of its own: Microsoft Learn: Deploy Nano Server",
	},
	{
		ID: "image-s-mode", Topic: Images, Level: Observed,
		Says:   "`SkuPolicyRequired` tells S mode, which cannot join a domain",
		Source: "public reports; that it cannot join: Microsoft Learn",
	},
	{
		ID: "image-state", Topic: Images, Level: Documented,
		Says: "`ImageState` tells how far Setup is", Source: "Microsoft Learn: Windows Setup States",
	},
	{
		ID: "image-setup-flags", Topic: Images, Level: Observed,
		Says: "flags of `SYSTEM\\Setup` tell that the next boot runs Setup", Source: stockHives,
	},
	{
		ID: "image-setup-command", Topic: Images, Level: Inferred,
		Says: "windeploy, setup.exe or setupcl in `CmdLine` mean that the next boot is Setup's", Source: "generalized hives have them",
	},
	{
		ID: "image-names", Topic: Images, Level: Observed,
		Says: "where the machine's names are", Source: stockHives,
	},
	{
		ID: "image-membership", Topic: Images, Level: Observed,
		Says: "`SECURITY\\Policy` tells the membership", Source: stockHives,
	},
	{
		ID: "image-machine-sid", Topic: Images, Level: Observed,
		Says: "the value `V` of `SAM\\Domains\\Account` ends with the machine SID", Source: stockHives,
	},
	{
		ID: "image-pending-marks", Topic: Images, Level: Observed,
		Says:   "three keys tell that another tool's join is pending",
		Source: "a published Sysmon configuration and configuration-management tools test for them",
	},
	{
		ID: "image-logs", Topic: Images, Level: Documented,
		Says: "`debug\\NetSetup.log` and `Panther` are the places to look after a boot", Source: "Microsoft Learn: Windows Setup Log Files and Event Logs; NetRequestProvisioningPackageInstall",
	},
	{
		ID: "image-display-name", Topic: Images, Level: Observed,
		Says:   "Windows 11 calls itself Windows 10 in `ProductName`",
		Source: "real hives of Windows 11",
	},
	{
		ID: "image-windows-11", Topic: Images, Level: Documented,
		Says:   "the first build of Windows 11 is 22000",
		Source: "Microsoft Learn: Windows 11 release information",
	},
	{
		ID: "image-edition-forms", Topic: Images, Level: Inferred,
		Says:   "every family of home editions is spelt in all forms that editions are sold in",
		Source: "names of editions are observed; a spelling that does not exist costs nothing",
	},
}
