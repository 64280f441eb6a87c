// Package claims has the one table of what the project says about Windows, and how it knows: a level for each claim, with
// its source, and the evidence files of programs that were run. Documents and comments take their levels from here: each
// word of a level in them is tied to a row by a saying (sayings_test.go).
//
// A claim has the level that its source gives it. It is called observed on a Windows only where a file in docs/evidence,
// written on such a Windows, has a step of that claim that passed. Files of Wine, ReactOS or the simulated machine have
// columns of their own and never raise a claim. A step that failed on a Windows is shown beside the claim, whatever else
// there is.
//
// [Table] has the claims. [Read] takes an evidence file, of which any byte may be wrong; [Page] is docs/evidence.md, and
// package gen writes it.
package claims

//go:generate go run ./gen ../..
