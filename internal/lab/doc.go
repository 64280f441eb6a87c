// Package lab checks on a real Windows what the project claims about Windows, and writes what it saw as evidence. The program
// offlinejoin-lab.exe is this package and nothing else; docs/run-the-lab.md is for people who have such a Windows.
//
// A [Step] belongs to one claim of package claims. It makes what our engines make (a hive, a crash state of one, a tree with a
// blob), has Windows read it through a [Machine], and compares what Windows says with what our own reader says. [Run] runs all
// steps and returns the evidence.
//
// A step of [Run] changes nothing that lasts: files are made in a folder of the run, hives are loaded from there and unloaded again. What a
// Windows lacks, or what needs rights that the caller has not, skips the step with the reason. Details are counts and documented
// codes; no path, no name of a machine or user and no part of a blob ever enters the evidence.
//
// On a Windows that may be spent ([Spendable]) a [Throwaway] does more: it stages joins in the running Windows as the core stages them
// in an image, runs the completion program as SYSTEM, and looks at what that leaves: once for each outcome that can be provoked
// without a join, and last for a join with its restart, over which its [Progress] is kept.
package lab
