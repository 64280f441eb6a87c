package main

import "testing"

// A version that is not semantic makes the SDK panic.
func TestComponents(t *testing.T) {
	t.Parallel()
	if components() == nil {
		t.Fatal("no components")
	}
}
