//go:build unix && !linux

package ledger

import "os"

// readersStay reports false: what a lock does to readers of a share is not known here, and no file is mounted by itself.
func readersStay(*os.File) bool { return false }
