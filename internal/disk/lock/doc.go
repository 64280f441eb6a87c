// Package lock opens disk image files in a way that keeps out, and is kept out by, whoever runs a machine on them.
//
// On Linux it speaks qemu's own protocol: open file description locks on single bytes of the image (qemu documents it in
// "docs/system/qemu-block-drivers" under "Image locking", and its block/file-posix.c names the bytes). qemu, qemu-img,
// qemu-nbd and libvirt honour it, both ways. On Windows the share mode of CreateFile does the same for everybody. On other
// systems it is flock, which only other processes of this program respect. VMware's lock folders are recognised everywhere.
//
// Some hypervisors take no lock that another program can see (VirtualBox, Hyper-V over SMB, any on another host over NFS
// without a lock service): no lock is no proof that a disk is not in use.
package lock
