// Odjboot is the completion program. Staging places it in an image as System32\odjboot.exe; Windows starts it once, as
// SYSTEM, at the first boot and before anybody can log on. It hands the staged blob to NetRequestOfflineDomainJoin,
// erases it, records the outcome, has itself removed and, when the machine has joined, asks for one restart.
//
// What is done in which order, and how sure we are of each step, is told and decided in package boot. This package is
// the part that only Windows can run: one file for each thing that boot asks of it.
//
// Exit code: 0 when the join is done, 1 when it is not, 2 on a system that is not Windows.
package main
