// Package vhdx reads Microsoft's VHDX disk images, fixed and dynamic, and plans changes that overwrite blocks the file
// has. The format is [MS-VHDX], "Virtual Hard Disk v2 (VHDX) File Format", in Microsoft's Open Specifications.
//
//	0        file type identifier                                                     header.go
//	64 KiB   header, and a second one at 128 KiB: the one with the higher number counts
//	192 KiB  region table, and a copy at 256 KiB: where the next two are              region.go
//	         metadata: sizes of the disk, its sectors and blocks                      metadata.go
//	         block allocation table: where each block is, or that it is not           bat.go
//	         log: changes of the structures above, still to be made if it is in use
//
// A new block would need changes of the table, for which the specification wants the log. So this package never makes one:
// Room reports where blocks are, and a file system's planner takes its clusters there.
//
// A disk with changes waiting in its log was not closed cleanly and is refused, and so is a differencing disk.
package vhdx
