// Picture draws docs/first-boot.svg from docs/first-boot.txt: who does what to whom, from top to bottom.
//
//	picture SOURCE PICTURE
//
// `go generate` in internal/completion runs it, and a test fails when the committed picture is not the source's. The
// source has one statement a line; empty lines and those that begin with # are comments:
//
//	lane ID NAME      a column, from left to right
//	band TEXT         a bar across all columns: what follows happens then
//	ID: TEXT          something that a column does by itself
//	ID -> ID: TEXT    something that one column does to another
//
// It draws these few shapes and nothing else, so that it needs no drawing program and makes the same bytes everywhere.
package main
