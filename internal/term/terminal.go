package term

import (
	"io"
	"os"

	xterm "golang.org/x/term"
)

// file returns the file that a stream is, or that a writer with an Unwrap method writes to.
func file(stream any) (*os.File, bool) {
	for {
		around, wraps := stream.(interface{ Unwrap() io.Writer })
		if !wraps {
			break
		}
		stream = around.Unwrap()
	}
	f, isFile := stream.(*os.File)
	return f, isFile
}

// IsTerminal reports whether a stream, such as os.Stdout, is a terminal; a writer is what its Unwrap method returns, when it
// has one. A device that is no terminal, such as /dev/null, and everything but a file is not.
func IsTerminal(stream any) bool {
	f, isFile := file(stream)
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
	f, isFile := file(stream)
	if !isFile {
		return most
	}
	width, _, err := xterm.GetSize(int(f.Fd())) // a descriptor fits
	if err != nil || width < 1 {
		return most
	}
	return min(width, most)
}
