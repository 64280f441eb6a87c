// Package vhd reads Microsoft's VHD disk images, fixed and dynamic, and plans changes that overwrite what the file has. The
// format is the "Virtual Hard Disk Image Format Specification" 1.0 (Microsoft, 2006). All numbers are big endian.
//
//	fixed     the disk, footer
//	dynamic   copy of the footer, header, block table, blocks, footer
//	block     a bitmap with one bit for each sector of 512 bytes, whole sectors long, and the sectors
//
// The footer holds how large the disk is (its "current size"; the size in cylinders, heads and sectors beside it can be
// smaller and does not count). A sector whose bit is clear was never written and reads as zeros; this package does not set
// bits, so there is no room there. Neither the footer nor its copy changes with the disk's content.
//
// A differencing disk is refused, and so is one with a wrong checksum.
package vhd
