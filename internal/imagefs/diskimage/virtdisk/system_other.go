//go:build !windows

package virtdisk

// native returns nil: there is no virtdisk.dll.
func native() *system { return nil }
