// Package compat keeps what commit 1d98207 has left on disks: images with joins of every kind, a ledger, and a Terraform
// state. Formats and words may change before 0.1.0, but what lies in somebody's image stays readable, and can be taken
// back. The tests of this package hold that promise against the core as it is today.
//
// The fixtures were made once, by that commit's own programs, and are never made again by later code: testdata/README.md
// has the recipe. A later commit whose formats differ gets fixtures of its own beside them.
//
//	fixtures.json          what each image was before staging, and what the commit's own status said of it
//	NAME.tar.gz            the drive of an image, without the completion program
//	blobs.tar.gz           the blobs, as djoin writes them, by machine name
//	ledger.v1.jsonl        a ledger with entries of every event, and places of every kind
//	staged_join.tfstate.json   the state of one offlinejoin_staged_join
//
// [Image] unpacks an image for a test.
package compat
