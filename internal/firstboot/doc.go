// Package firstboot boots a Windows of the user's after a staged join, unattended and without a network, and judges what is in its
// disk afterwards: the evidence for the claims about a first boot (package claims), which no program inside a Windows can give. One
// scenario has a network: it is about a live domain that the user gives.
// docs/first-boot-on-a-machine.md is for people who have such a disk.
//
//	machine.go    Machine: boots a disk, cuts its power, says how it ended
//	qemu.go       the machine that is real: qemu, driven by package qmp
//	scenario.go   Scenario, and the table of all
//	checks.go     what each looks for in a disk, as checks of claims
//	overlay.go    the disk of a scenario: made, changed and looked at by our own core and engines
//	domain.go     Domain: a live one and a user of it; what Windows is told to log him on, and who has logged on
//	run.go        Run: one scenario after the other, each with its result kept, so that a run that was killed goes on
//
// The user's disk is only read. Each scenario gets an overlay of its own, which the core makes along with the join, and which goes
// when all its checks have passed. What a check sees is read offline, by the status of the core and by our own reader of hives.
//
// A check ends in one of three ways. It passed; it failed, and says what was found instead; or it was skipped with the reason:
// something is not there to try it with, or Windows did not start at all. Then nothing of its registry has changed, which is no
// word about the claim.
//
// Every blob that this package makes is for a domain that does not exist, with a random password. Blobs of the user's, and the
// password of the domain's user, are read from files, and neither they nor parts of them nor names of files, machines, users or
// domains get into results. The records of a run
// (what the machine wrote to its serial port, pictures of its screen) stay in the run's folder.
package firstboot
