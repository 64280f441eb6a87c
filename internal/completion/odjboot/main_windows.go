package main

import (
	"os"

	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
)

func main() { os.Exit(boot.Run(windowsSystem{}, boot.DefaultLimits()).ExitCode()) }
