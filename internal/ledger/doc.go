// Package ledger is the single-use guard: one blob, one machine. It remembers which account was staged into which
// image, and refuses the same account for another image until the first is taken back, or the user gives a reason.
//
// A ledger is an append-only file of JSON lines ([Entry]), off when it has no name. Nothing in it is secret. It belongs
// to an account (domain SID and RID, else domain GUID and name) and to a blob (its fingerprint); either of them in
// another image is a second use.
//
//	use, err := l.Begin(ctx, claim)   under the lock: look up, refuse or append an intent
//	…stage…                           without the lock: as many at once as there are images
//	use.Commit(ctx) or Cancel(ctx)    under the lock: append the outcome
//
// So two stages of one account at the same time cannot both pass, and nobody waits for another's stage. A run that is
// killed in between leaves its intent. Nobody can know whether it wrote its image, so the intent stays in force: the
// same image may be tried again, and for another one it is refused with its time and the ways out.
//
// A third of the lines that say nothing any more is reason to write those that do, with the next one, to NAME.new, which
// then takes the place of the file at once: it holds one line for each use in force, and grows until [maxFile].
//
// The lock is on a file of its own, NAME.lock: it works the same on Windows, where locks keep others from reading, and
// when the ledger is moved away or replaced. It is waited for in the system's queue. Where the system lets others read on, the
// ledger itself is locked, too: it may have two names, or be mounted by itself, and then there are two locks. A file that is
// mounted by itself and was replaced where that is has no name any more, and is refused.
//
// A line that a crash cut off is ignored, since what it would have said had not been promised to anybody, and the next append
// removes it. Any other damage is refused: it may hide a use. What does not begin as our lines do was not cut off by a crash:
// it is a file of somebody's, and stays as it is.
//
// Which image an entry is about is its identity ([Image], package imagefs): host, volume, path, or a name that the user
// gives. That is enough to find the use of an image that still holds its join. It is not enough to stage the same blob
// once more into an image at the same place that does not hold it: images are mounted one after the other at one place,
// and clones share all that is inside them. So that is refused, unless the earlier use was not seen to end, or the user
// gives a reason.
//
// Without a ledger file duplicates of one run are still caught: by [NewRun] within a process, such as Terraform's
// provider with for_each, and by [OpenRun] across the processes of one run, such as Packer's parallel builds. Both are
// ledgers, the one in memory and the other in a file of the user's runtime folder that is named after the run.
package ledger
