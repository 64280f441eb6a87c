//go:build !windows

package cli

// understandsANSI reports whether terminals here take ANSI colours.
func understandsANSI() bool { return true }
