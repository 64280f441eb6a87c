// Package vmdk reads flat VMware disk images and plans changes of them: a small text file, the descriptor, names the files
// that hold the disk byte for byte. The format is "Virtual Disk Format 5.0" (VMware, 2011).
//
//	# Disk DescriptorFile
//	version=1
//	parentCID=ffffffff                          no parent
//	createType="monolithicFlat"
//	RW 4192256 FLAT "disk-flat.vmdk" 0          access, sectors of 512 bytes, type, file, first sector in it
//	RW 512 ZERO                                 nothing but zeros, in no file
//
// All other kinds are told apart and refused, each with its own [container.Kind]: sparse and split ones, for which there is
// qemu-nbd; stream optimized ones, which nobody can change in place; those that depend on a parent. The files must be in
// the descriptor's folder: a descriptor may come from anywhere, and must not make us read what is elsewhere.
//
// The plan of a change is one of the flat file, not of the descriptor ([Image.DataFile]). The descriptor's content
// identifier (CID), by which children of this disk would notice the change, stays: nothing may depend on a disk that is
// changed in place.
package vmdk
