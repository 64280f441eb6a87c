package ndr

// The headers of a stream ([MS-RPCE] 2.2.6.1 and 2.2.6.2): version, byte order, header length, filler; then the
// object's length and filler. The filler's value is free; Windows and Samba write the bytes below.
const (
	headerSize   = 16
	version1     = 0x01
	version2     = 0x02 // [MS-RPCE] 2.2.7: NDR64
	littleEndian = 0x10
	bigEndian    = 0x00
	commonLength = 8
	fillerByte   = 0xCC

	// The object is padded to a multiple of this, and its length says so.
	objectAlignment = 8

	// The referent of a stream's first pointer; the others follow in steps, as MIDL's and Samba's engines count.
	firstReferent = 0x00020000
	referentStep  = 4
)
