//go:build !linux

package imagefs

import "runtime"

// modesTell: mode bits say who may do what. Windows has access lists instead.
const modesTell = runtime.GOOS != "windows"

func mountIsPrivate(string) bool { return false }
