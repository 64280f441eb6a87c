package imagefs

import "testing"

func TestFileSystemsThatKeepOldBytes(t *testing.T) {
	t.Parallel()
	for magic, want := range map[uint32]string{
		0x9123683E: "btrfs", 0x2FC12FC1: "zfs", 0x58465342: "xfs", 0x794C7630: "overlayfs", 0xCA451A4E: "bcachefs",
		0xEF53: "", 0x65735546: "", 0x01021994: "", 0x7366746E: "", // ext4, FUSE, tmpfs, ntfs3
	} {
		if got := copyOnWriteName(magic); got != want {
			t.Errorf("%#x: %q, want %q", magic, got, want)
		}
	}
	if got := PathRetains("/proc/none/such"); got != "" {
		t.Errorf("proc: %q", got)
	}
}
