package main

import (
	"os"

	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
)

// marker names the program and its version; package crossbuild sets it. It is what a reader finds in the file (package
// program), and what the log starts with.
var marker = "odjboot.exe, not built for an image"

// callWord is the argument that makes the second process.
const callWord = "call"

func main() {
	if len(os.Args) == 2 && os.Args[1] == callWord {
		os.Exit(int(returned(boot.Call(windowsSystem{}, limits()))))
	}
	windowsSystem{}.Log(marker)
	os.Exit(boot.Run(windowsSystem{}, limits()).ExitCode())
}
