package claims

// Sources that several claims have.
const (
	azureRepair = "public repair tools for virtual machines (Azure VM repair) set it in offline hives, up to current Windows"
	deployment  = "Microsoft's own MDT and Configuration Manager scripts set `CmdLine` with `SetupType` 2 and use " +
		"`SetupShutdownRequired` with it; several products set it offline on completed images up to Windows 11"
	learnJoin  = "Microsoft Learn: NetRequestOfflineDomainJoin, Offline Domain Join (Djoin.exe) Step-by-Step Guide"
	learnSetup = "Microsoft Learn: Windows Setup Automation Overview"
	unattended = "Microsoft Learn: Microsoft-Windows-UnattendedJoin"
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
		Source: learnJoin,
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
		ID: "power-cut-leaves-known-state", Topic: FirstBoot, Level: Inferred,
		Says: "when the power goes, the image is in one of the states of [When the power goes](first-boot.md#when-the-power-goes), and the " +
			"next boot gets to the logon screen",
		Source: "what was flushed by `RegFlushKey` is on the disk (documented); the program's order of steps is tested with a failure at each",
	},

	// docs/guides/answer-file.md and package answerfile.
	{
		ID: "account-data-joins", Topic: AnswerFile, Level: Documented,
		Says:   "`AccountData` in the specialize pass joins the machine",
		Source: unattended + "; it worked on Windows 11 24H2 with a blob made by Samba (published by others)",
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
		Source: "Microsoft's guides for deploying such images",
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
		Says: "a key's name has 255 characters at most, a value's 16,383, and keys lie 512 levels deep at most", Source: "Microsoft Learn: Registry element size limits",
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
		ID: "virtual-disk-calls", Topic: Volumes, Level: Inferred,
		Says:   "virtdisk.dll attaches a disk without a drive letter, and differencing disks are made and detached as we call it",
		Source: "Microsoft Learn: OpenVirtualDisk, AttachVirtualDisk, CreateVirtualDisk; order and arguments are tested",
	},

	// Blobs.
	{
		ID: "request-takes-our-blobs", Topic: Blobs, Level: Inferred,
		Says:   "`NetRequestOfflineDomainJoin` takes blobs that we composed and blobs that Samba made",
		Source: "Samba reads ours, and ours are equal to Samba's byte by byte where both say the same; Windows 11 24H2 took Samba's (published by others)",
	},
	{
		ID: "request-codes", Topic: Blobs, Level: Documented,
		Says:   "its codes for damaged data, an unknown version, a foreign image and a domain controller are those that we refuse with",
		Source: learnJoin + "; that ours mean the same in each case is inferred",
	},

	// Machines and accounts.
	{
		ID: "secure-channel", Topic: Accounts, Level: Documented,
		Says: "a machine that was joined so has its secure channel, and domain accounts can log on", Source: learnJoin,
	},
	{
		ID: "editions", Topic: Accounts, Level: Documented,
		Says: "home editions, S mode and Nano Server do not take such a join", Source: "Microsoft Learn; names of editions are observed",
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

	// docs/internals/windows.md, section 5.
	{
		ID: "image-hives", Topic: Images, Level: Observed,
		Says: "SYSTEM, SOFTWARE, SECURITY and SAM with their logs lie in `System32\\config`", Source: stockHives,
	},
	{
		ID: "image-control-set", Topic: Images, Level: Documented,
		Says: "`Select` names the control set of the next boot (`Default`)", Source: "Microsoft: What are Control Sets? What is CurrentControlSet?; " + stockHives,
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
		ID: "image-nano-server", Topic: Images, Level: Documented,
		Says: "Nano Server is joined by means of its own; `InstallationType` tells it", Source: "Microsoft Learn; the names are observed",
	},
	{
		ID: "image-s-mode", Topic: Images, Level: Documented,
		Says: "S mode cannot join a domain; `SkuPolicyRequired` tells it", Source: "Microsoft Learn; the value is observed in public reports",
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
		Says: "`debug\\NetSetup.log` and `Panther` are the places to look after a boot", Source: "Microsoft Learn: Windows Setup log files; troubleshooting domain joins",
	},
}
