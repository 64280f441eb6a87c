// Package boot decides what the completion program does at first boot. It knows no Windows call: everything it needs
// from Windows is behind [System], so that every path, and a failure at every step of it, is tested where no Windows
// is.
//
// The order is the point. Restore first, work second: whatever goes wrong afterwards, even a crash, the machine reaches
// its logon screen at this boot and at every later one, because nothing is armed any more.
//
//	1  lock the program's own file down           SYSTEM runs it, so nobody else may write it
//	2  put SetupType and CmdLine back             from here on the hook cannot fire again
//	3  count the attempt, check the contract      version, method, state, the blob's presence and size
//	4  hand the blob to Windows                   within a time limit; 0 and 2713 are success
//	5  erase the blob                             zeros, flush, delete, flush; on success and on failure
//	6  ask for the program's removal              at the next start of Windows
//	7  record the outcome                         Result, ResultText, CompletedAt, and State last; flush
//	8  on success ask for exactly one restart     on failure Windows goes on to the logon screen
//
// A failure of 1, 5, 6, 7 or 8 stops nothing: it becomes a note in ResultText. A hook that cannot be disarmed (2) stops
// the join, because the program would start again at every boot. Every failure is permanent: the blob is erased and
// nothing is tried at a later boot. (Retries come with the issue "Completion at first boot"; they re-arm on purpose,
// and never when step 1 has failed.)
//
// # What is left after a crash
//
// A panic of our own code at any step counts as that step's failure. A crash inside Windows' function, or a loss of
// power while it runs, ends the process after step 3: the hook is gone, State is still "staged" with Attempts = 1, and
// the blob is still there, for an administrator to unstage.
//
// # Evidence
//
// Documented by Microsoft: NetRequestOfflineDomainJoin with 0x40000000, its codes, SetNamedSecurityInfo, RegFlushKey,
// MoveFileEx with MOVEFILE_DELAY_UNTIL_REBOOT, InitiateSystemShutdownEx and that ERROR_NOT_READY asks for a later try.
//
// Observed (public logs and tools): SetupType = 2 runs CmdLine as SYSTEM before anybody can log on, the command itself
// must put the values back, and SetupShutdownRequired = 1 makes Windows restart after it.
//
// Inferred: that NetRequestOfflineDomainJoin works that early, and that 2138 (Workstation service not started) there
// passes by waiting; that a value overwritten with data of the same length loses its old bytes in the hive's file; that
// SetupShutdownRequired still counts when it is set while CmdLine runs and SetupType is back at 0.
package boot
