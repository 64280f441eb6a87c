package imagefs

import (
	"strings"
	"testing"
)

func TestMountOf(t *testing.T) {
	t.Parallel()
	const mountinfo = `22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/none-such2 rw
30 22 0:26 / /tmp rw - tmpfs tmpfs rw
40 22 7:0 / /mnt/web\04001 rw - fuseblk /dev/none-such0 rw
41 22 0:50 / /mnt/guest rw - fuse.guestmount /dev/fuse rw
42 22 8:2 /srv/trees /mnt/bind rw - ext4 /dev/none-such2 rw
43 22 0:51 /sub /mnt/nfs rw - nfs4 server:/export rw
44 22 0:52 / /mnt/cifs rw - cifs //server/share rw
45 42 8:9 / /mnt/bind rw - xfs /dev/none-such9 rw
46 22 0:53 / /mnt/over rw - overlay overlay rw
nonsense
`
	for path, want := range map[string]string{
		"/srv/trees/web01/Windows": "dev:/dev/none-such2|/srv/trees/web01/Windows",
		"/mnt/web 01/Windows":      "dev:/dev/none-such0|/Windows",
		"/mnt/web 01":              "dev:/dev/none-such0|/",
		"/mnt/web 011/Windows":     "dev:/dev/none-such2|/mnt/web 011/Windows",
		"/mnt/nfs/web01/Windows":   "net:server:/export|/sub/web01/Windows",
		"/mnt/cifs/Windows":        "net://server/share|/Windows",
		"/mnt/bind/web01/Windows":  "dev:/dev/none-such9|/web01/Windows",
		"/mnt/guest/Windows":       "|/Windows",
		"/mnt/over/Windows":        "|/Windows",
		"/tmp/w/Windows":           "|/w/Windows",
	} {
		m, found := mountOf(strings.NewReader(mountinfo), path)
		if got := m.volume() + "|" + m.inside(path); !found || got != want {
			t.Errorf("%s: place %q, want %q", path, got, want)
		}
	}
}

func TestUnescape(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`/a\040b\134c`: `/a b\c`, `\`: `\`, `\04`: `\04`, `\999`: `\999`, `\011x`: "\tx",
	} {
		if got := unescape(text); got != want {
			t.Errorf("unescape(%q) = %q, want %q", text, got, want)
		}
	}
}
