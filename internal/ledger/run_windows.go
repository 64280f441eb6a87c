package ledger

import "os"

// isPrivate trusts Windows: the cache and temporary folders of a user are in the profile, which others cannot read.
func isPrivate(folder string) bool {
	info, err := os.Lstat(folder)
	return err == nil && info.IsDir()
}

func userName() string { return "user" }
