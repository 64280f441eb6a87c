// Package term puts text on a terminal, and the same text into a file or a pipe: facts and sections, tables, lists of
// changes with their marks, colours, progress bars. It depends on nothing that it shows.
//
//	terminal.go   is this stream a terminal, how wide, does it take colours
//	style.go      marks and colours
//	facts.go      facts and sections, aligned
//	table.go      tables and lists of changes, aligned, coloured by their marks
//	bars.go       bars that are redrawn while work goes on
//	text.go       numbers with their nouns, lines cut to a width
//
// What it is given is written as it is: text that others wrote has passed through package plaintext where it entered the
// program. Colours appear on a terminal only; everywhere else the output has no escape sequence.
package term
