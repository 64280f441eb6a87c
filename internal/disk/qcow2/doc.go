// Package qcow2 reads disk images of qemu's format, plans changes of them, and makes new ones over a golden image.
//
// The format is described in qemu's docs/interop/qcow2.txt, to whose sections the comments refer. A virtual disk is cut into
// clusters. A two-level table (L1, L2) gives for each one where it lies in the file: as it is, compressed, all zero, or not
// at all, in which case the backing file holds it. Another two-level table counts how often each cluster of the file is
// used.
//
// [Open] reads versions 2 and 3 with zlib and zstd compression and a backing disk. [Image.Plan] turns writes to the disk
// into pieces of the file: in place where a cluster is there for it alone, else into new clusters at the end of the file,
// with the tables that then change. Nothing is ever written by this package to an image that exists. [Overlay] writes a
// new image that differs from its golden one by some writes.
package qcow2
