// Command disks measures one join, and many, in disk image files: CPU time (user and system, of the whole process), time
// and memory, next to our stage of a mounted tree with the same Windows, and next to what can be done by mounting.
//
//	go run ./internal/bench/disks [-runs 15] [-only join,size,memory,apply,rivals] [-overlays 200] [-dir folder]
//	go run ./internal/bench/disks -guestmount
//
// Every measurement is a process of its own on a fresh copy, with a warm page cache; the subjects of one table take turns,
// so that other work on the machine meets all of them, and figures are medians. Compare inside one table only.
//
// The disks hold a Windows whose SYSTEM hive is a real one of Windows 10 from the shared test data, and 2,000 small files in
// System32; mkntfs formats their volumes and our own engine fills them. What mounts needs root: loop devices with ntfs-3g,
// FUSE with qemu-storage-daemon (Debian: qemu-system-common). Where that is not possible the reason is printed. guestmount
// starts a virtual machine, which takes up to 20 minutes where there is no KVM; it is never measured unasked.
//
// Timings are for people to look at; no test depends on them. The peak of `apply` is checked.
package main
