package virtdisk

import (
	"context"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
)

// native returns the functions of this Windows. virtdisk.dll is loaded, from System32 only, when one of its functions is called
// first; where it or a function is missing that call returns the loader's code.
func native() *system {
	dll := windows.NewLazySystemDLL("virtdisk.dll")
	return &system{
		elevated: func() bool { return windows.GetCurrentProcessToken().IsElevated() },

		openVirtualDisk:   library{dll}.open,
		createVirtualDisk: library{dll}.create,
		attachVirtualDisk: library{dll}.attach,
		detachVirtualDisk: library{dll}.detach,
		physicalPath:      library{dll}.physicalPath,

		findFirstVolume: findFirstVolume,
		findNextVolume:  findNextVolume,
		findVolumeClose: func(h handle) error { return windows.FindVolumeClose(windows.Handle(h)) },

		createFile:       createFile,
		deviceIoControl:  deviceIoControl,
		flushFileBuffers: func(h handle) error { return windows.FlushFileBuffers(windows.Handle(h)) },
		closeHandle:      func(h handle) error { return windows.CloseHandle(windows.Handle(h)) },
		moveFile:         moveFile,

		openTree: localdir.Open,
		utf16:    windows.UTF16PtrFromString,
		sleep:    sleep,
	}
}

// library is virtdisk.dll. Its functions return a code, 0 for success.
type library struct{ dll *windows.LazyDLL }

// find returns a function of the library, or the loader's code.
func (l library) find(name string) (uintptr, error) {
	p := l.dll.NewProc(name)
	if err := p.Find(); err != nil {
		if e, ok := err.(*windows.DLLError); ok {
			return 0, e.Err
		}
		return 0, err
	}
	return p.Addr(), nil
}

func result(code uintptr) error {
	if code = uintptr(uint32(code)); code != 0 {
		return windows.Errno(code)
	}
	return nil
}

func (l library) open(t *storageType, path string, access, flags uint32, p *openParameters) (handle, error) {
	f, err := l.find("OpenVirtualDisk")
	if err != nil {
		return 0, err
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var h windows.Handle
	code, _, _ := syscall.SyscallN(f, uintptr(unsafe.Pointer(t)), uintptr(unsafe.Pointer(name)), uintptr(access), uintptr(flags),
		uintptr(unsafe.Pointer(p)), uintptr(unsafe.Pointer(&h)))
	return handle(h), result(code)
}

func (l library) create(t *storageType, path string, access, flags uint32, p *createParameters) (handle, error) {
	f, err := l.find("CreateVirtualDisk")
	if err != nil {
		return 0, err
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var h windows.Handle
	// No security descriptor: that of the folder is inherited. No flags of the provider, and no OVERLAPPED: it is waited for.
	code, _, _ := syscall.SyscallN(f, uintptr(unsafe.Pointer(t)), uintptr(unsafe.Pointer(name)), uintptr(access), 0, uintptr(flags), 0,
		uintptr(unsafe.Pointer(p)), 0, uintptr(unsafe.Pointer(&h)))
	return handle(h), result(code)
}

func (l library) attach(h handle, flags uint32, p *attachParameters) error {
	f, err := l.find("AttachVirtualDisk")
	if err != nil {
		return err
	}
	// No security descriptor: that of the image file applies. No flags of the provider, and no OVERLAPPED.
	code, _, _ := syscall.SyscallN(f, uintptr(h), 0, uintptr(flags), 0, uintptr(unsafe.Pointer(p)), 0)
	return result(code)
}

func (l library) detach(h handle, flags uint32) error {
	f, err := l.find("DetachVirtualDisk")
	if err != nil {
		return err
	}
	code, _, _ := syscall.SyscallN(f, uintptr(h), uintptr(flags), 0)
	return result(code)
}

func (l library) physicalPath(h handle) (string, error) {
	f, err := l.find("GetVirtualDiskPhysicalPath")
	if err != nil {
		return "", err
	}
	var path [windows.MAX_PATH]uint16
	size := uint32(unsafe.Sizeof(path)) // in bytes
	code, _, _ := syscall.SyscallN(f, uintptr(h), uintptr(unsafe.Pointer(&size)), uintptr(unsafe.Pointer(&path)))
	return windows.UTF16ToString(path[:]), result(code)
}

func findFirstVolume() (handle, string, error) {
	var name [windows.MAX_PATH]uint16
	h, err := windows.FindFirstVolume(&name[0], uint32(len(name)))
	return handle(h), windows.UTF16ToString(name[:]), err
}

func findNextVolume(h handle) (string, error) {
	var name [windows.MAX_PATH]uint16
	err := windows.FindNextVolume(windows.Handle(h), &name[0], uint32(len(name)))
	return windows.UTF16ToString(name[:]), err
}

func createFile(path string, access, share uint32) (handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	h, err := windows.CreateFile(name, access, share, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	return handle(h), err
}

func deviceIoControl(h handle, code uint32, out []byte) (int, error) {
	var n uint32
	err := windows.DeviceIoControl(windows.Handle(h), code, nil, 0, &out[0], uint32(len(out)), &n, nil)
	return int(n), err
}

func moveFile(from, to string) error {
	src, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	dst, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	return windows.MoveFileEx(src, dst, windows.MOVEFILE_WRITE_THROUGH)
}

// sleep implements system.sleep.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
