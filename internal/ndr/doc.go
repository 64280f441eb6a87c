// Package ndr reads and writes type serialization version 1 streams ([MS-RPCE] 2.2.6): the form in which Windows keeps
// RPC structures in files. It knows the subset that the offline domain join blob needs, and nothing of the project.
//
// A stream is a 16 byte header, a pointer that is never NULL, and one structure in NDR 2.0 (DCE 1.1 RPC, chapter 14),
// little endian, padded to a multiple of 8 bytes. A structure's pointers stand in its fixed part as non-zero numbers
// (referents, whose values mean nothing); what they point to follows the fixed part, in the order of the pointers, each
// pointee directly followed by its own pointees.
//
// A structure is described once, as a [Layout]: a function that names its fields in wire order to a [Coder].
//
//	func (p *person) layout(c ndr.Coder) {
//		c.Uint32("ulAge", &p.age)
//		c.String("lpName", &p.name)
//	}
//
// [Decode] runs a layout with a Coder that fills the fields, [Encode] with one that writes them, so that reader and
// writer cannot disagree.
//
// Both byte orders of the header are known, and so is version 2; big endian and version 2 are refused ([Unsupported]).
//
// Decode is made for hostile input. It follows layouts, which nest as deep as the program's structures and no deeper.
// Every count is compared with the bytes that are left before anything is allocated, the number of array elements is
// limited ([MaxElements]), and an [Error] names the field and its offset but never shows content. Byte slices that it
// returns share the input's memory.
package ndr
