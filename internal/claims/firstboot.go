package claims

// firstBoot are the claims on what a machine does at its first boot with the method `registry`, in the order of docs/first-boot.md.
var firstBoot = []Claim{
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
		Source: "Microsoft Learn: InitiateSystemShutdownEx, which says, too, that programs, services and Windows can still stop it",
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
}
