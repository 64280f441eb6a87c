// Package extent reads and overwrites virtual disks whose bytes lie uncompressed in a file, in stretches that follow a
// table: VHDX and VHD blocks, flat VMDK extents. A format has only to locate a byte ([Layout]); reading, the question
// whether there is room, and the plan of an overwrite are the same for all of them.
//
// Nothing is ever allocated here: a write where the file has no place for it is refused.
package extent
