// Package partition reads the partition table of a disk: GPT on sectors of 512 or 4096 bytes with its backup (UEFI
// Specification, chapter 5), MBR with logical drives, or none at all, where the whole disk is one volume.
//
// It reads strictly: a table with a wrong checksum, overlapping partitions or a partition beyond the disk's end is an
// error, never a guess. It does not look into the partitions.
package partition
