//go:build !windows

package term

// understandsANSI reports whether terminals here take ANSI colours.
func understandsANSI() bool { return true }
