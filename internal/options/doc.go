// Package options owns the user's words: the name, default, allowed values and documentation of every option and of
// every computed fact, once for all front ends. Packer's configuration, Terraform's schema and the command line's flags
// show these texts, so that a word means the same everywhere.
//
// It also does what every front end needs before it can ask the core: read a blob file safely, plain or encrypted
// ([ReadBlobFile]), turn words into the core's types ([Method], [OnExisting]), know every spelling of a blob that must
// be masked ([Spellings]), and show a change in one line ([Line]).
package options

//go:generate go run ./gen ../..
