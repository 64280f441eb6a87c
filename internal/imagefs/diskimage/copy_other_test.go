//go:build !linux

package diskimage_test

import "testing"

func taken(*testing.T, string) int64 { return 0 }

func reflinked(*testing.T, string) bool { return false }
