// Package options owns what users write and read: the [Name], default, allowed values and documentation of every option,
// and the tables of the facts that are read of a blob, an image or a ledger ([Fact]), once for all front ends. Packer's
// configuration, Terraform's schema and the command line's flags show these texts, so that a name means the same
// everywhere.
//
// It also does what every front end needs before it can ask the core: read a blob file safely, plain or encrypted
// ([ReadBlobFile]), turn what was written into the core's types ([Method], [OnExisting], [JoinWords]), and show a change
// in one line ([Line]).
package options

//go:generate go run ./gen ../..
