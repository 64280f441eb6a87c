package virtdisk

// What virtdisk.h, winioctl.h and winbase.h define, under Microsoft's names in comments. Sources: Microsoft's reference of
// each function, structure and enumeration (learn.microsoft.com/windows/win32/api/virtdisk, .../api/winioctl), and the
// samples in github.com/microsoft/Windows-classic-samples, Samples/Hyper-V/Storage.

// Devices of VIRTUAL_STORAGE_TYPE.
const (
	deviceVHD  = 2 // VIRTUAL_STORAGE_TYPE_DEVICE_VHD
	deviceVHDX = 3 // VIRTUAL_STORAGE_TYPE_DEVICE_VHDX
)

const (
	accessNone      = 0 // VIRTUAL_DISK_ACCESS_NONE: the only one with version 2 of the parameters
	openVersion2    = 2 // OPEN_VIRTUAL_DISK_VERSION_2
	openFlagNone    = 0 // OPEN_VIRTUAL_DISK_FLAG_NONE
	createVersion2  = 2 // CREATE_VIRTUAL_DISK_VERSION_2
	createFlagNone  = 0 // CREATE_VIRTUAL_DISK_FLAG_NONE
	attachVersion1  = 1 // ATTACH_VIRTUAL_DISK_VERSION_1
	attachReadOnly  = 1 // ATTACH_VIRTUAL_DISK_FLAG_READ_ONLY
	attachNoLetter  = 2 // ATTACH_VIRTUAL_DISK_FLAG_NO_DRIVE_LETTER
	detachFlagNone  = 0 // DETACH_VIRTUAL_DISK_FLAG_NONE
	shareReadWrite  = 3 // FILE_SHARE_READ | FILE_SHARE_WRITE
	genericRead     = 0x80000000
	genericWrite    = 0x40000000
	queryAttributes = 0 // no access: enough for control codes that ask

	ioctlDiskExtents  = 0x00560000 // IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS
	ioctlDeviceNumber = 0x002d1080 // IOCTL_STORAGE_GET_DEVICE_NUMBER
	fsctlIsDirty      = 0x00090078 // FSCTL_IS_VOLUME_DIRTY
	volumeIsDirty     = 1          // VOLUME_IS_DIRTY
)

// guid is a GUID as it lies in memory.
type guid struct {
	Data1        uint32
	Data2, Data3 uint16
	Data4        [8]byte
}

// storageType is VIRTUAL_STORAGE_TYPE.
type storageType struct {
	DeviceID uint32
	VendorID guid
}

// microsoft returns the type of a device by Microsoft: VIRTUAL_STORAGE_TYPE_VENDOR_MICROSOFT.
func microsoft(device uint32) storageType {
	return storageType{device, guid{0xEC984AEC, 0xA0F9, 0x47e9, [8]byte{0x90, 0x1F, 0x71, 0x41, 0x5A, 0x66, 0x34, 0x5B}}}
}

// openParameters is OPEN_VIRTUAL_DISK_PARAMETERS with its Version2, and room for what its Version3 has more.
type openParameters struct {
	Version        uint32
	GetInfoOnly    int32 // BOOL
	ReadOnly       int32 // BOOL: the file is opened as read-only
	ResiliencyGUID guid
	_              guid
}

// attachParameters is ATTACH_VIRTUAL_DISK_PARAMETERS with its Version1, as large as with the Version2 of later Windows, whose
// alignment moves the union to offset 8. All but Version is zero in both.
type attachParameters struct {
	Version uint32
	_       uint32
	_       [2]uint64
}

// createParameters is CREATE_VIRTUAL_DISK_PARAMETERS with its Version2.
type createParameters struct {
	Version                   uint32
	_                         uint32
	UniqueID                  guid   // zero: the system makes one
	MaximumSize               uint64 // must be zero with a parent
	BlockSizeInBytes          uint32 // 0: the default
	SectorSizeInBytes         uint32 // 0: the default, which is the parent's
	PhysicalSectorSizeInBytes uint32 // likewise
	ParentPath                *uint16
	SourcePath                *uint16 // must be NULL with a parent
	OpenFlags                 uint32
	ParentVirtualStorageType  storageType
	SourceVirtualStorageType  storageType
	ResiliencyGUID            guid
}

// diskExtent is DISK_EXTENT.
type diskExtent struct {
	DiskNumber uint32
	_          uint32
	Starting   int64
	Length     int64
}

// volumeDiskExtents is VOLUME_DISK_EXTENTS for a volume that lies on one disk, in one piece. Of any other the call returns
// ERROR_MORE_DATA: dynamic disks and storage pools, in which no Windows is looked for.
type volumeDiskExtents struct {
	Number uint32
	_      uint32
	Extent diskExtent
}

// deviceNumber is STORAGE_DEVICE_NUMBER.
type deviceNumber struct {
	DeviceType, DeviceNumber, PartitionNumber uint32
}

// Codes of winerror.h that mean something to this package.
const (
	errorFileNotFound     = 2
	errorPathNotFound     = 3
	errorAccessDenied     = 5
	errorNoMoreFiles      = 18
	errorWriteProtect     = 19
	errorSharingViolation = 32
	errorLockViolation    = 33
	errorFileExists       = 80
	errorDiskFull         = 112
	errorModNotFound      = 126
	errorProcNotFound     = 127
	errorAlreadyExists    = 183
	errorCompressed       = 618  // ERROR_UNSUPPORTED_COMPRESSION
	errorElevation        = 740  // ERROR_ELEVATION_REQUIRED
	errorPrivilege        = 1314 // ERROR_PRIVILEGE_NOT_HELD
	errorEncrypted        = 6002 // ERROR_FILE_ENCRYPTED

	errorParentNotFound  = 0xC03A000D // ERROR_VHD_PARENT_VHD_NOT_FOUND
	errorParentID        = 0xC03A000E // ERROR_VHD_CHILD_PARENT_ID_MISMATCH
	errorParentTimestamp = 0xC03A000F // ERROR_VHD_CHILD_PARENT_TIMESTAMP_MISMATCH
	errorParentSize      = 0xC03A0017 // ERROR_VHD_CHILD_PARENT_SIZE_MISMATCH
	errorBitLocker       = 0x80310000 // FVE_E_LOCKED_VOLUME
)
