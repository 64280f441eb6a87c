package regf

// Layout constants of the registry file format (regf). All integers are little endian. "rel" is an offset relative to
// the hive bins data; the file offset is rel + headerSize. Sources: the public regf specification (msuhanov/regf) and
// measurements on real hives, both in docs/internals/regf.md §1.
const (
	headerSize   = 4096 // base block
	sectorSize   = 512  // the part of the base block that is checksummed and mirrored in logs
	pageSize     = 4096 // unit of dirty tracking, and alignment of bins
	binHeader    = 32
	nilCell      = 0xFFFFFFFF
	maxHiveSize  = 1<<31 - 2*pageSize
	maxDepth     = 512   // levels of keys
	maxKeyName   = 255   // UTF-16 units
	maxValueName = 16383 // UTF-16 units
)

// Base block fields (docs/internals/regf.md §1.1).
const (
	basePrimarySeq   = 4
	baseSecondarySeq = 8
	baseLastWritten  = 12
	baseMajor        = 20
	baseMinor        = 24
	baseType         = 28
	baseFormat       = 32
	baseRootCell     = 36
	baseDataSize     = 40
	baseCluster      = 44
	baseFileName     = 48
	baseFlags        = 144
	baseChecksum     = 508
)

// File types (base block, type).
const (
	typePrimary = 0
	typeLogDIRT = 1 // old log format
	typeLogHvLE = 6 // log format of Windows 8.1 and later
)

// Key node (nk) fields, relative to the cell's payload (docs/internals/regf.md §1.4).
const (
	nkFlags         = 2
	nkLastWrite     = 4
	nkLayered       = 13
	nkParent        = 16
	nkSubkeys       = 20
	nkVolatileCount = 24
	nkSubkeyList    = 28
	nkVolatileList  = 32
	nkValues        = 36
	nkValueList     = 40
	nkSecurity      = 44
	nkClass         = 48
	nkMaxSubkeyName = 52 // uint16; the next uint16 holds other flags and must be preserved
	nkMaxClass      = 56
	nkMaxValueName  = 60
	nkMaxValueData  = 64
	nkNameLen       = 72
	nkClassLen      = 74
	nkName          = 76
)

// Key node flags.
const (
	flagHiveRoot     = 0x0004
	flagNoDelete     = 0x0008
	flagSymbolicLink = 0x0010
	flagCompressed   = 0x0020 // the name is stored as Latin-1
	flagPredefined   = 0x0040
)

// Value (vk) fields (docs/internals/regf.md §1.6).
const (
	vkNameLen  = 2
	vkDataSize = 4
	vkData     = 8
	vkType     = 12
	vkFlags    = 16
	vkName     = 20

	vkFlagLatin1 = 1
	inlineBit    = 0x80000000
)

// Big data (docs/internals/regf.md §1.6): values above maxCellData in hives of minor version 4 and up are split in
// segments. Windows gives the last segment a full cell, too (23 of 23 measured), and hivex and libregf misread one
// without four spare bytes.
const (
	maxCellData    = 16344
	segmentData    = 16344
	segmentPayload = 16348 // a full segment's cell fills a 16 KiB bin exactly
	dbPayload      = 12
)

// Security (sk) fields (docs/internals/regf.md §1.7).
const (
	skFlink = 4
	skBlink = 8
	skRefs  = 12
	skLen   = 16
	skData  = 20
)

// Index leaf capacities (docs/internals/regf.md §1.5).
const (
	maxLeafEntries   = 1013
	maxLFLeafEntries = 507
)
