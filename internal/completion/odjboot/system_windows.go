package main

import (
	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
	"github.com/offlinejoin/offlinejoin/internal/completion/liveregistry"
)

// windowsSystem is the running Windows.
type windowsSystem struct{ liveregistry.System }

var (
	_ boot.System = windowsSystem{}
	_ boot.Caller = windowsSystem{}
)
