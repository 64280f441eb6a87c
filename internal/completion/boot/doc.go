// Package boot decides what the completion program does at first boot. It knows no Windows call: everything it needs
// from Windows is behind [System], so that every path, and a failure at every step of it, is tested where no Windows
// is.
//
// The order is the point. Restore first, work second: whatever goes wrong afterwards, even a crash, the machine reaches
// its logon screen at this boot and at every later one, because nothing is armed any more.
//
//	1  lock the program's own file down           SYSTEM runs it, so nobody else may write it
//	2  put SetupType and CmdLine back             from here on the hook cannot fire again
//	3  count the attempt, check the contract      version, method, state
//	4  mark the record: started                   what is found if the power goes from here on
//	5  check the blob                             presence, size, digest; then it is wiped from memory
//	6  have the blob handed to Windows            in a process of its own, within a time limit; 0 and 2713 are success
//	7  erase the blob                             zeros, flush, delete, flush; on success and on final failure
//	8  ask for the program's removal              at the next start of Windows
//	9  record the outcome                         Result, ResultText, CompletedAt, and State last; flush
//	10 tell of it                                 a line of the log, an event; neither is needed for anything
//	11 on success ask for exactly one restart     on failure Windows goes on to the logon screen
//
// A failure of 1, 7, 8, 9, 10 or 11 stops nothing: it becomes a note in ResultText (10: in the log). A hook that cannot
// be disarmed (2) stops the join, because the program would start again at every boot.
//
// # Another try
//
// A passing error (the list is [Passes]) is not final: instead of 7 to 9 the program keeps the blob, records State =
// staged with the error, and arms the hook again for the next boot; this one goes on to the logon screen. That is done
// only when the program's file could be locked down (1), because people can log on while the hook is armed; when the
// attempt could be counted; and when fewer than completion.MaxAttempts were made. PreviousSetupType and PreviousCmdLine
// then hold what the hook was at that moment. When arming fails, the hook is put back again and the failure is final.
// All other errors are final at once.
//
// # A process of its own
//
// Windows' function runs in a second process of this program ([Call]). So a crash in it, or one that never comes back,
// is an outcome like any other: the first process ends the second, erases the blob and records a failure. The memory
// that held the blob goes with the process. The first process holds the blob only while it checks the digest.
//
// A crash is final: the same bytes would crash again. Running out of time passes: something was not ready.
//
// # What is left after a loss of power
//
// Before 4: a disarmed hook, State = staged. From 4 on until 9: a disarmed hook, State = started, Attempts counted,
// Result = 995 and a text that says what happened, and perhaps the blob. The program cannot arm the hook first and work
// then, so nothing goes on by itself, and whether Windows took the join shows when it starts again. An administrator
// stages anew or unstages; starting odjboot.exe by hand as SYSTEM also counts as the next attempt. A fatal error of Go's
// runtime in the first process (no memory) leaves the same; a panic of our own code at any step is that step's failure.
//
// # Evidence
//
// Documented by Microsoft: NetRequestOfflineDomainJoin with 0x40000000, its codes, SetNamedSecurityInfo, RegFlushKey,
// MoveFileEx with MOVEFILE_DELAY_UNTIL_REBOOT, InitiateSystemShutdownEx and that ERROR_NOT_READY asks for a later try,
// CreateProcess, TerminateProcess, BCryptHash, RegisterEventSource, ReportEvent.
//
// Observed (public logs and tools): SetupType = 2 runs CmdLine as SYSTEM before anybody can log on, the command itself
// must put the values back, SetupShutdownRequired = 1 makes Windows restart after it, a second process can be started that
// early, and EventCreate.exe is a message file for events of other programs.
//
// Inferred: that NetRequestOfflineDomainJoin works that early, and that 2138 (Workstation service not started) there
// passes by waiting; that a program without a console is waited for as any other; that calling the function again after an
// unfinished call does no harm; that a value overwritten with data of the same length loses its old bytes in the hive's
// file; that SetupShutdownRequired still counts when it is set while CmdLine runs and SetupType is back at 0. The table of
// all claims is package claims.
package boot
