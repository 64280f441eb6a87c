// Package hostiletext makes images, ledgers and answer files whose every text tries to act on a terminal, and searches what
// front ends show for what came through: ESC and OSC sequences, C1 controls, line breaks that forge a line, bidirectional
// marks. It is for tests.
//
//	text.go     the hostile text, and the search for it in text and in JSON
//	image.go    images: their hives' facts, their records, their logs, their answer files
//	ledger.go   ledgers
package hostiletext
