package guest

import (
	"embed"
	"fmt"
	"strings"
)

// The scripts that run on a guest: posix/*.sh with arguments $1…, powershell/*.ps1 with variables that are set before.
//
//go:embed posix/*.sh powershell/*.ps1
var scripts embed.FS

// The exit codes by which the scripts of a POSIX guest report what they found. A script calls them by name, such as
// $exit_link; see [exitNames].
const (
	exitLink    = 40
	exitNone    = 41
	exitKind    = 42
	exitExists  = 43
	exitNewline = 44
	exitDiffers = 45
	exitTool    = 46
	exitRunning = 47

	exitTerminal = 48
	exitChanged  = 49
	exitFailed   = 50 // and the reason on standard error
)

// exitNames sets the variables that the scripts call the exit codes by.
func exitNames() string {
	var b strings.Builder
	for _, e := range [...]struct {
		name string
		code int
	}{
		{"link", exitLink},
		{"none", exitNone},
		{"kind", exitKind},
		{"exists", exitExists},
		{"newline", exitNewline},
		{"tool", exitTool},
		{"running", exitRunning},
		{"differs", exitDiffers},
		{"terminal", exitTerminal},
		{"changed", exitChanged},
		{"failed", exitFailed},
	} {
		fmt.Fprintf(&b, "exit_%s=%d ", e.name, e.code)
	}
	return b.String()
}

// script returns embedded scripts one after the other as they are sent: without comments, indentation and empty lines,
// because a command line of cmd.exe has at most 8191 characters, of which a script of PowerShell takes 8/3 for each.
func script(names ...string) string {
	var lines []string
	for _, name := range names {
		text, err := scripts.ReadFile(name)
		if err != nil {
			panic(err) // a name in this package that is not embedded, which every test of the script finds
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if line != "" && (line[0] != '#' || line == bodyMark) {
				lines = append(lines, line)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// bodyMark is the line of powershell/frame.ps1 in whose place a script stands.
const bodyMark = "# BODY"
