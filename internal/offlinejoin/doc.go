// Package offlinejoin is the core: it stages an Active Directory provisioning blob into the registry of a Windows image
// that is not running, so that the machine comes up joined. Packer's provisioner, Terraform's resource and the command
// line all call it, and it is the only home of policy.
//
// One join goes one way:
//
//	Request → odj.Parse(blob) → winimage.Open(target) → Plan (every check, every change, nothing written)
//	        → Stage (files, then one crash-safe registry transaction, then read back) → Receipt
//
// [Plan] never writes. [Stage] makes the plan true, or changes nothing. [ReadStatus] tells what an image holds, and
// [Unstage] takes a pending join back without leaving a byte of the blob.
//
// A refusal is a [winerr.Error]: one sentence with the documented Windows code. When its context has ended, a function
// returns the context's own error. Nothing that leaves this package (plan, receipt, status, progress, error) holds the
// blob or the machine password.
package offlinejoin
