// Package golden makes the sample Windows as a disk, where package sample makes it as a tree: for the demonstration and for
// tests. It needs no other program.
//
//	volume.go     the NTFS volume: an empty one that mkntfs has formatted, filled by our own engine
//	empty.go      the empty volume, which is kept compressed in empty.ntfs.gz
//	generate.go   its recipe, for `make empty-volume`; the only part that needs mkntfs
//	disk.go       a disk with a partition table of three partitions, as Windows' own installer makes them
//	qcow2.go      the disk as a qcow2 image that stands on no other
//	vhd.go        a smaller disk, with one partition, as a fixed VHD
//
// Only the volume of Windows is real: the EFI system partition and Microsoft's reserved one are empty, so that no machine
// boots from such a disk.
package golden
