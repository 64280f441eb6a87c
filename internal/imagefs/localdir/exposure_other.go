//go:build !linux

package localdir

import "runtime"

// modesTell: mode bits say who may do what. Windows has access lists instead.
const modesTell = runtime.GOOS != "windows"

func mountIsPrivate(string) bool { return false }
