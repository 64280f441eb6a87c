package term

import "os"

// understandsANSI reports whether the terminal takes ANSI colours: Windows Terminal and Unix-like shells do; an old
// console may not.
func understandsANSI() bool { return os.Getenv("WT_SESSION") != "" || os.Getenv("TERM") != "" }
