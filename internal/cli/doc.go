// Package cli is the command line `offlinejoin`: cobra commands over the same core that the plugins call.
//
// A command parses its flags into a request, calls the core, and shows the answer: aligned text for people, or with
// --json one JSON document with a schema_version. Results go to standard output; progress, warnings and errors go to
// standard error. An error is one sentence that ends with its documented Windows code, such as
// "(50 ERROR_NOT_SUPPORTED)". The exit code is 0 when all went well, 1 when the request was refused or failed, 75 when all
// that failed may pass by itself (offlinejoin.MayPass, and nothing else), and 2 when the command line itself
// was wrong.
//
// Every command has a file of its own, cmd_*.go: its flags, what it does, and what it prints. What they share:
//
//	run.go, root.go     one run: exit codes and errors; the tree of commands, and how flags are made of options
//	results.go          standard output: what cannot be written there makes every command fail
//	output.go           JSON documents, warnings, what several commands print alike
//	interrupt.go        Ctrl-C, and the question before anything is written
//	blobsource.go       the blob that a command is given
//	fleet*.go           work on the many images of join files, with package fleet: progress by bars on a terminal and by
//	                    lines elsewhere (fleet_progress.go), with --json by lines of JSON (fleet_lines.go), and tables
//	                    at the end (fleet_table.go)
//
// `plan --detailed-exitcode` exits with 2 when there are changes, and with 1 for any error.
//
// Flags are the words of the HCL front ends with dashes; their help texts are those of package options. The blob, which
// holds a machine password, is never an argument: it is read from a file or from standard input.
package cli

//go:generate go run ./docgen ../../docs
