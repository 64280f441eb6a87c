package virtdisk

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestLayout holds sizes and offsets of 64-bit Windows as they follow from the documented members.
func TestLayout(t *testing.T) {
	t.Parallel()
	var o openParameters
	var a attachParameters
	var c createParameters
	var e volumeDiskExtents
	for what, is := range map[string][2]uintptr{
		"VIRTUAL_STORAGE_TYPE":                                   {unsafe.Sizeof(storageType{}), 20},
		"OPEN_VIRTUAL_DISK_PARAMETERS":                           {unsafe.Sizeof(o), 44},
		"OPEN_VIRTUAL_DISK_PARAMETERS.GetInfoOnly":               {unsafe.Offsetof(o.GetInfoOnly), 4},
		"OPEN_VIRTUAL_DISK_PARAMETERS.ReadOnly":                  {unsafe.Offsetof(o.ReadOnly), 8},
		"OPEN_VIRTUAL_DISK_PARAMETERS.ResiliencyGuid":            {unsafe.Offsetof(o.ResiliencyGUID), 12},
		"ATTACH_VIRTUAL_DISK_PARAMETERS":                         {unsafe.Sizeof(a), 24},
		"CREATE_VIRTUAL_DISK_PARAMETERS":                         {unsafe.Sizeof(c), 128},
		"CREATE_VIRTUAL_DISK_PARAMETERS.UniqueId":                {unsafe.Offsetof(c.UniqueID), 8},
		"CREATE_VIRTUAL_DISK_PARAMETERS.MaximumSize":             {unsafe.Offsetof(c.MaximumSize), 24},
		"CREATE_VIRTUAL_DISK_PARAMETERS.BlockSizeInBytes":        {unsafe.Offsetof(c.BlockSizeInBytes), 32},
		"CREATE_VIRTUAL_DISK_PARAMETERS.PhysicalSectorSize":      {unsafe.Offsetof(c.PhysicalSectorSizeInBytes), 40},
		"CREATE_VIRTUAL_DISK_PARAMETERS.ParentPath":              {unsafe.Offsetof(c.ParentPath), 48},
		"CREATE_VIRTUAL_DISK_PARAMETERS.SourcePath":              {unsafe.Offsetof(c.SourcePath), 56},
		"CREATE_VIRTUAL_DISK_PARAMETERS.OpenFlags":               {unsafe.Offsetof(c.OpenFlags), 64},
		"CREATE_VIRTUAL_DISK_PARAMETERS.ParentVirtualStorageTyp": {unsafe.Offsetof(c.ParentVirtualStorageType), 68},
		"CREATE_VIRTUAL_DISK_PARAMETERS.ResiliencyGuid":          {unsafe.Offsetof(c.ResiliencyGUID), 108},
		"VOLUME_DISK_EXTENTS":                                    {unsafe.Sizeof(e), 32},
		"VOLUME_DISK_EXTENTS.Extents":                            {unsafe.Offsetof(e.Extent), 8},
		"DISK_EXTENT.StartingOffset":                             {unsafe.Offsetof(e.Extent.Starting), 8},
		"STORAGE_DEVICE_NUMBER":                                  {unsafe.Sizeof(deviceNumber{}), 12},
	} {
		if is[0] != is[1] && unsafe.Sizeof(uintptr(0)) == 8 {
			t.Errorf("%s: %d, want %d", what, is[0], is[1])
		}
	}
}

// TestHeaders holds constants and structures against the headers of mingw-w64, whose authors wrote them down independently.
// Its CREATE_VIRTUAL_DISK_PARAMETERS lacks PhysicalSectorSizeInBytes, which Microsoft documents, and is held against in what
// comes before that. It also lacks errors 618 and 740.
func TestHeaders(t *testing.T) {
	t.Parallel()
	gcc := testenv.Tool(t, "x86_64-w64-mingw32-gcc")
	var o openParameters
	var c createParameters
	var e volumeDiskExtents
	v := microsoft(0).VendorID
	var b strings.Builder
	b.WriteString("#define _WIN32_WINNT 0x0A00\n#include <stddef.h>\n#include <windows.h>\n#include <winioctl.h>\n#include <initguid.h>\n" +
		"#include <virtdisk.h>\n#define IS(a, b) _Static_assert((unsigned long long)(a) == (b), #a)\n")
	for what, is := range map[string]uintptr{
		"VIRTUAL_STORAGE_TYPE_DEVICE_VHD": deviceVHD, "VIRTUAL_STORAGE_TYPE_DEVICE_VHDX": deviceVHDX,
		"VIRTUAL_DISK_ACCESS_NONE": accessNone, "OPEN_VIRTUAL_DISK_VERSION_2": openVersion2,
		"OPEN_VIRTUAL_DISK_FLAG_NONE": openFlagNone, "CREATE_VIRTUAL_DISK_VERSION_2": createVersion2,
		"CREATE_VIRTUAL_DISK_FLAG_NONE": createFlagNone, "ATTACH_VIRTUAL_DISK_VERSION_1": attachVersion1,
		"ATTACH_VIRTUAL_DISK_FLAG_READ_ONLY": attachReadOnly, "ATTACH_VIRTUAL_DISK_FLAG_NO_DRIVE_LETTER": attachNoLetter,
		"DETACH_VIRTUAL_DISK_FLAG_NONE": detachFlagNone, "(FILE_SHARE_READ | FILE_SHARE_WRITE)": shareReadWrite,
		"GENERIC_READ": genericRead, "GENERIC_WRITE": genericWrite,
		"IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS": ioctlDiskExtents, "IOCTL_STORAGE_GET_DEVICE_NUMBER": ioctlDeviceNumber,
		"FSCTL_IS_VOLUME_DIRTY": fsctlIsDirty, "VOLUME_IS_DIRTY": volumeIsDirty,
		"ERROR_FILE_NOT_FOUND": errorFileNotFound, "ERROR_PATH_NOT_FOUND": errorPathNotFound, "ERROR_ACCESS_DENIED": errorAccessDenied,
		"ERROR_NO_MORE_FILES": errorNoMoreFiles, "ERROR_WRITE_PROTECT": errorWriteProtect,
		"ERROR_SHARING_VIOLATION": errorSharingViolation, "ERROR_LOCK_VIOLATION": errorLockViolation,
		"ERROR_FILE_EXISTS": errorFileExists, "ERROR_DISK_FULL": errorDiskFull, "ERROR_MOD_NOT_FOUND": errorModNotFound,
		"ERROR_PROC_NOT_FOUND": errorProcNotFound, "ERROR_ALREADY_EXISTS": errorAlreadyExists,
		"ERROR_PRIVILEGE_NOT_HELD": errorPrivilege, "ERROR_FILE_ENCRYPTED": errorEncrypted,
		"sizeof(VIRTUAL_STORAGE_TYPE)":                                         unsafe.Sizeof(storageType{}),
		"offsetof(OPEN_VIRTUAL_DISK_PARAMETERS, Version2)":                     unsafe.Offsetof(o.GetInfoOnly),
		"offsetof(OPEN_VIRTUAL_DISK_PARAMETERS, Version2.ReadOnly)":            unsafe.Offsetof(o.ReadOnly),
		"offsetof(CREATE_VIRTUAL_DISK_PARAMETERS, Version2.UniqueId)":          unsafe.Offsetof(c.UniqueID),
		"offsetof(CREATE_VIRTUAL_DISK_PARAMETERS, Version2.MaximumSize)":       unsafe.Offsetof(c.MaximumSize),
		"offsetof(CREATE_VIRTUAL_DISK_PARAMETERS, Version2.BlockSizeInBytes)":  unsafe.Offsetof(c.BlockSizeInBytes),
		"offsetof(CREATE_VIRTUAL_DISK_PARAMETERS, Version2.SectorSizeInBytes)": unsafe.Offsetof(c.SectorSizeInBytes),
		"sizeof(VOLUME_DISK_EXTENTS)":                                          unsafe.Sizeof(e),
		"offsetof(VOLUME_DISK_EXTENTS, Extents)":                               unsafe.Offsetof(e.Extent),
		"offsetof(DISK_EXTENT, StartingOffset)":                                unsafe.Offsetof(e.Extent.Starting),
		"sizeof(STORAGE_DEVICE_NUMBER)":                                        unsafe.Sizeof(deviceNumber{}),
		"offsetof(STORAGE_DEVICE_NUMBER, DeviceNumber)":                        unsafe.Offsetof(deviceNumber{}.DeviceNumber),
		// Shorter there, as long in later Windows.
		"(sizeof(OPEN_VIRTUAL_DISK_PARAMETERS) + sizeof(GUID))":      unsafe.Sizeof(o),
		"(sizeof(ATTACH_VIRTUAL_DISK_PARAMETERS) <= 24 ? 24 : 0ull)": unsafe.Sizeof(attachParameters{}),
	} {
		fmt.Fprintf(&b, "IS(%s, %dull);\n", what, is)
	}
	fmt.Fprintf(&b, "#undef DEFINE_GUID\n#define DEFINE_GUID(name, a, b, c, d0, d1, d2, d3, d4, d5, d6, d7) \\\n"+
		"enum { name##_IS = a == %#xu && b == %#x && c == %#x && d0 == %#x && d1 == %#x && d2 == %#x && d3 == %#x && d4 == %#x && "+
		"d5 == %#x && d6 == %#x && d7 == %#x }\n", v.Data1, v.Data2, v.Data3, v.Data4[0], v.Data4[1], v.Data4[2], v.Data4[3],
		v.Data4[4], v.Data4[5], v.Data4[6], v.Data4[7])
	b.WriteString(microsoftLine(t))
	b.WriteString("_Static_assert(VIRTUAL_STORAGE_TYPE_VENDOR_MICROSOFT_IS, \"the vendor\");\n")
	file := filepath.Join(t.TempDir(), "headers.c")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), gcc, "-fsyntax-only", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// microsoftLine is the line of mingw's header that defines the vendor.
func microsoftLine(t *testing.T) string {
	t.Helper()
	header, err := os.ReadFile("/usr/share/mingw-w64/include/virtdisk.h")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(header)) {
		if strings.HasPrefix(line, "DEFINE_GUID(VIRTUAL_STORAGE_TYPE_VENDOR_MICROSOFT,") {
			return line
		}
	}
	t.Skip("virtdisk.h of mingw-w64 defines no vendor")
	return ""
}
