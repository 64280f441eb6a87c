// Package cli is the command line `offlinejoin`: cobra commands over the same core that the plugins call.
//
// A command parses its flags into a request, calls the core, and shows the answer: aligned text for people, or with
// --json one JSON document with a schema_version. Results go to standard output; progress, warnings and errors go to
// standard error. An error is one sentence that ends with its documented Windows code, such as
// "(50 ERROR_NOT_SUPPORTED)". The exit code is 0 when all went well, 1 when the request was refused or failed, and 2
// when the command line itself was wrong.
//
// The commands on join files (fleet*.go: plan, apply, status, unstage) work on many images with package fleet. They
// show progress by bars on a terminal and by lines elsewhere, with --json by lines of JSON, and end with a table. `plan
// --detailed-exitcode` exits with 2 when there are changes, and with 1 for any error.
//
// Flags are the words of the HCL front ends with dashes; their help texts are those of package options. The blob, which
// holds a machine password, is never an argument: it is read from a file or from standard input.
package cli

//go:generate go run ./docgen ../../docs
