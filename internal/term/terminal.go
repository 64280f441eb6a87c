package term

import (
	"os"

	xterm "golang.org/x/term"
)

// IsTerminal reports whether a stream, such as os.Stdout, is a terminal. A device that is none, such as /dev/null, and
// everything but a file is not.
func IsTerminal(stream any) bool {
	f, isFile := stream.(*os.File)
	return isFile && xterm.IsTerminal(int(f.Fd())) // a descriptor fits
}

// TakesANSI reports whether a stream is a terminal that understands ANSI escape sequences, so that lines can be coloured
// and redrawn: not when TERM is "dumb".
func TakesANSI(stream any) bool {
	return os.Getenv("TERM") != "dumb" && IsTerminal(stream) && understandsANSI()
}

// Width returns how many characters fit into a line of a stream, but no more than most, which is also the answer when
// the stream is not a terminal.
func Width(stream any, most int) int {
	f, isFile := stream.(*os.File)
	if !isFile {
		return most
	}
	width, _, err := xterm.GetSize(int(f.Fd())) // a descriptor fits
	if err != nil || width < 1 {
		return most
	}
	return min(width, most)
}
