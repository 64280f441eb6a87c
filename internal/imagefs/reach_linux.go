package imagefs

import "golang.org/x/sys/unix"

// What statfs(2) calls the file systems that are not in the system's headers.
const (
	zfsMagic      = 0x2FC12FC1 // OpenZFS, include/sys/fs/zfs.h: ZFS_SUPER_MAGIC
	bcachefsMagic = 0xCA451A4E // bcachefs, fs/super-io: BCACHEFS_STATFS_MAGIC
)

func copyOnWrite(path string) string {
	var vol unix.Statfs_t
	if unix.Statfs(path, &vol) != nil {
		return ""
	}
	return copyOnWriteName(uint32(vol.Type))
}

// copyOnWriteName names a file system by its f_type. XFS is one of them only for files that were cloned (reflinks), which
// a file's owner does not see.
func copyOnWriteName(magic uint32) string {
	switch magic {
	case unix.BTRFS_SUPER_MAGIC:
		return "btrfs"
	case zfsMagic:
		return "zfs"
	case bcachefsMagic:
		return "bcachefs"
	case unix.XFS_SUPER_MAGIC:
		return "xfs"
	case unix.OVERLAYFS_SUPER_MAGIC:
		return "overlayfs"
	}
	return ""
}
