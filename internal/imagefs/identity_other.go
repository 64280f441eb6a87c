//go:build !linux

package imagefs

// locate finds no name of a volume that outlives its mount on these systems: the absolute path has to do.
func locate(string) (volume, inside, file string) { return "", "", "" }

// machineID returns nothing on these systems: the host name has to do.
func machineID() string { return "" }
