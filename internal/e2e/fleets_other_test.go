//go:build !linux

package e2e

import "testing"

// fleets needs the namespaces of Linux.
func fleets(*testing.T, programs) {}
