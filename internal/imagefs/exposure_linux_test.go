package imagefs

import (
	"strings"
	"testing"
)

func TestAFuseMountWithoutAllowOtherIsPrivate(t *testing.T) {
	t.Parallel()
	const lines = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:50 / /mnt/a rw,nosuid,nodev,relatime shared:9 - fuseblk /dev/loop0 rw,user_id=0,group_id=0,allow_other,blksize=4096
41 22 0:51 / /mnt/b rw,nosuid,nodev,relatime - fuse.guestmount /dev/fuse rw,user_id=1000,group_id=1000
42 22 0:52 / /mnt/c rw - fuse x rw,allow_otherwise
`
	for device, want := range map[string]bool{"8:1": false, "0:50": false, "0:51": true, "0:52": true, "0:99": false} {
		if got := isPrivateFuse(strings.NewReader(lines), device); got != want {
			t.Errorf("%s: private %v", device, got)
		}
	}
}
