// Package coredump keeps secrets out of what a system keeps of a program that died: core dumps and error reports. Each of
// the three programs calls [Off] before it does anything else.
//
// On Linux the process gets a core size of 0 (setrlimit(2)) and is made not dumpable (prctl(2), PR_SET_DUMPABLE): a limit
// alone does not hold where cores are piped to a program (core(5)). Other Unixes only have the limit. On Windows the
// process has no error reporting (SetErrorMode, SEM_NOGPFAULTERRORBOX), and reports of it would hold no heap (WerSetFlags,
// WER_FAULT_REPORTING_FLAG_NOHEAP), both documented. A dump that an administrator takes, and swap, are not kept away.
package coredump
