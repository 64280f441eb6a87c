// Package undojournal makes all changes to one file one durable change: after a crash at any instant the file is brought
// to the old or to the new state, and never stays between the two. What the file holds does not matter to it.
//
// A [Change] is a list of fills (bytes that nothing refers to yet) and of groups, which reach the disk in order. [Write]
// carries it out:
//
//	read the old bytes                                                  plan.go
//	journal created beside the file (0600, never over another), flush,  format.go, folder.go
//	  flush of the folder
//	file grown, fills, flush
//	each group, flush
//	wipes, flush
//	journal overwritten with zeros, flush, removed, flush of the folder
//
// The journal holds, for each sector of 512 bytes that a group touches, the bytes from before the whole change and a
// digest of every content that the groups give it; for fills and fresh pieces, whatever is written over them, the digests only. So [Recover] can see for each
// sector whether it is old or ours. When every sector holds the last content that the change gives it, the change is
// complete and stays. Else, when every sector is old or ours, the old bytes are put back, the file gets its old size, and
// fills are zeroed. A sector that is neither was written by somebody else, such as a virtual machine that was started
// in between: [Foreign], and nothing is touched. A journal that is not whole was never relied on: it goes.
//
// # Secrets
//
// New bytes are never in a journal, since they may be a secret that is being brought in. Old bytes may be a secret that
// is being taken away, or one that stays beside what changes: those are the pieces marked Wipe. Of them the journal holds
// the range alone, and where a sector is touched by a group and by a wipe, the secret bytes are left out of what is kept
// of it. What stays is never written, so that a roll-back has no need of it. Without its old bytes a wipe
// cannot be rolled back, so all wipes, of whatever group, come after all groups: once one has begun every other sector is
// in its last state, the change is complete, and recovery finishes the wipes (they write zeros, which need no journal).
//
// # Readers and others
//
// [View] shows a reader who may not write what [Recover] would make of the file. While a journal is being used its file
// is locked; whoever comes second gets [Busy].
//
// What other programs see of a file that has a journal is whatever the groups left there: whoever plans them chooses
// groups after each of which the file makes sense.
package undojournal
