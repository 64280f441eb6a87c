package qcow2

// Magic is what every image begins with: "QFI\xfb" (qcow2.txt, "Header").
const Magic = "QFI\xfb"

// Offsets of the header's fields, all big-endian (qcow2.txt, "Header").
const (
	offVersion       = 4
	offBackingName   = 8
	offBackingLen    = 16
	offClusterBits   = 20
	offSize          = 24
	offCrypt         = 32
	offL1Size        = 36
	offL1Table       = 40
	offRefcountTable = 48 // 8 bytes, followed by the table's clusters, 4 bytes
	offRefcountLen   = 56
	offSnapshots     = 60
	offIncompatible  = 72 // version 3 from here on
	offCompatible    = 80
	offAutoclear     = 88
	offRefcountOrder = 96
	offHeaderLen     = 100
	offCompression   = 104 // one byte, when the header is long enough

	headerLenV2  = 72
	headerLenV3  = 104
	headerLenNew = 112 // what new images get: the compression type, padded to 8 bytes
)

// Bits of the incompatible features (qcow2.txt, "Header", bytes 72-79).
const (
	incompatDirty       = 1 << 0
	incompatCorrupt     = 1 << 1
	incompatDataFile    = 1 << 2
	incompatCompression = 1 << 3
	incompatExtendedL2  = 1 << 4
	incompatKnown       = incompatDirty | incompatCorrupt | incompatDataFile | incompatCompression | incompatExtendedL2
)

// Compression types (qcow2.txt, "Header", byte 104).
const (
	compressionZlib = 0
	compressionZstd = 1
)

// Header extensions (qcow2.txt, "Header extensions").
const (
	extEnd           = 0
	extBackingFormat = 0xe2792aca
	extBitmaps       = 0x23852875
	extDataFile      = 0x44415441
)

// Limits. The sizes of the tables are those of qemu (block/qcow2.h).
const (
	minClusterBits     = 9
	maxClusterBits     = 21
	maxL1Bytes         = 32 << 20
	maxRefcountBytes   = 8 << 20
	maxBackingName     = 1023
	maxRefcountOrder   = 6
	maxDiskSize        = 1 << 61
	refcountOrder      = 4 // 16 bits, which is all that is changed in place
	refcountEntryBytes = 2
)

// Table entries (qcow2.txt, "Cluster mapping" and "Host cluster management").
const (
	entryBytes     = 8
	flagCopied     = 1 << 63
	flagCompressed = 1 << 62
	flagZero       = 1 << 0
	offsetMask     = 0x00ff_ffff_ffff_fe00
)
