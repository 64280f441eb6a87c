package imagefs

import "runtime"

// ExamplePath is a Windows directory as messages of this system name one: D:\Windows on Windows, /mnt/web01/Windows elsewhere.
func ExamplePath() string { return examplePath(runtime.GOOS) }

func examplePath(system string) string {
	if system == "windows" {
		return `D:\Windows`
	}
	return "/mnt/web01/Windows"
}
