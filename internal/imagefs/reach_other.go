//go:build !linux

package imagefs

func copyOnWrite(string) string { return "" }
