// Package offlinejoin is the core: it stages an Active Directory provisioning blob into the registry of a Windows image
// that is not running, so that the machine comes up joined. Packer's provisioner, Terraform's resource and the command
// line all call it, and it is the only home of policy.
//
// One join goes one way:
//
//	ReadBlob(bytes)            a *Blob, parsed once: what front ends hold                     blob.go
//	Request{Image, Blob, …}    what is wanted                                                 request.go
//	 └► prepare                every check, every change, nothing written                     plan.go
//	     ├► Image.open          a session of package imagefs, the hives, locked for writing    image.go, winimage/hive.go
//	     ├► newMethod           registry, answer_file or native                                method*.go
//	     ├► resolveExisting     what the image holds already                                   existing.go
//	     └► checkSingleUse      one account, one machine                                       singleuse.go, ledger/check.go
//	 └► transaction.run        writes, commits, reads back                                    transaction.go
//	     ├► method.apply        in which order: the program before the registry that starts    method_registry.go,
//	     │                      it, the record before the answer file that it finds again      method_answerfile.go
//	     ├► writeRegistry       one crash-safe commit                                          regf/commit.go
//	     ├► session.Commit      the end of the visit
//	     └► readBack            in a new session, from where the image is
//	Receipt                    what it came to                                                receipt.go
//
// With an account, [Join] makes that first, by package activedirectory, and takes it back when the image cannot be written:
//
//	Directory                  a domain, logged on to once for a run                          directory.go
//	Join                       the account and the image in one                               join.go
//	 ├► planAccount            looks it up on every controller, and decides                   account.go, inputs.go
//	 ├► rehearse               the whole plan of the image, with a password that nobody has
//	 ├► Provision              one write to the directory, and the blob in memory             provision.go
//	 ├► Stage                  as above
//	 └► Provisioned.Staged     the last word to the directory; Undo instead, on failure
//	ReadAccount, ReleaseAccount, LostAccounts, PrepareAccount                                 release.go
//
// [Plan] never writes. [Stage] makes the plan true, or changes nothing. [ReadStatus] returns what an image holds, and
// [Unstage] takes a pending join back without leaving a byte of the blob.
//
// A refusal is a [winerr.Error]: one sentence with the documented Windows code. When its context has ended, a function
// returns the context's own error. Nothing that leaves this package (plan, receipt, status, progress, error) holds the
// blob or the machine password, and every text in it is safe to show in a line.
package offlinejoin
