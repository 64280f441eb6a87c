// Odjboot is the completion program. Staging places it in an image as System32\odjboot.exe; Windows starts it once, as
// SYSTEM, at the first boot and before anybody can log on. It has the staged blob handed to
// NetRequestOfflineDomainJoin, erases it, records the outcome, has itself removed and, when the machine has joined,
// asks for one restart.
//
// What is done in which order, and how sure we are of each step, is told and decided in package boot. This package is
// the part that only Windows can run: one file for each thing that boot asks of it.
//
//	odjboot         first boot
//	odjboot call    the second process, which the first one starts: it calls Windows' function and nothing else
//
// Exit code: 0 when the join is done, 1 when it is not, 2 on a system that is not Windows. The second process tells its
// result by its exit code, see returned.
//
// The program has to be small, because it is embedded three times in each of our binaries and is written to every
// image. So nothing here or in boot calls package fmt, formats times by package time, or has hashes of its own.
//
// The build tag odjboot_wine makes a program for tests under Wine, with short limits and with a file that cannot be
// locked down when the environment says so. It is never what is embedded.
package main
