package imagefs

import "testing"

func TestExamplePath(t *testing.T) {
	t.Parallel()
	for system, want := range map[string]string{"windows": `D:\Windows`, "linux": "/mnt/web01/Windows", "darwin": "/mnt/web01/Windows"} {
		if got := examplePath(system); got != want {
			t.Errorf("%s: %s, want %s", system, got, want)
		}
	}
}
