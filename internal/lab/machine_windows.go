package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage/virtdisk"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// Here returns the Windows that this process runs on.
func Here() Spendable {
	return here{wine: underWine()}
}

// wineVersion is a function that only Wine has, and that returns its version.
var wineVersion = windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version")

func underWine() bool { return wineVersion.Find() == nil }

type here struct{ wine bool }

var (
	advapi32   = windows.NewLazySystemDLL("advapi32.dll")
	loadAppKey = advapi32.NewProc("RegLoadAppKeyW")
	loadKey    = advapi32.NewProc("RegLoadKeyW")
	unloadKey  = advapi32.NewProc("RegUnLoadKeyW")
	flushKey   = advapi32.NewProc("RegFlushKey")
	request    = windows.NewLazySystemDLL("netapi32.dll").NewProc("NetRequestOfflineDomainJoin")
)

// System reads the names that Windows gives itself.
func (m here) System() claims.System {
	s := claims.System{Kind: claims.Windows, Name: "Windows", Build: "0", Arch: runtime.GOARCH}
	if s.Arch == "386" {
		s.Arch = "x86"
	}
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Windows NT\CurrentVersion`, registry.QUERY_VALUE)
	if err == nil {
		defer func() { _ = k.Close() }() // only read
		if name, _, err := k.GetStringValue("ProductName"); err == nil {
			s.Name = name
		}
		if build, _, err := k.GetStringValue("CurrentBuildNumber"); err == nil {
			s.Build = build
		}
		if build, err := strconv.Atoi(s.Build); err == nil { // a server's name does not change by it
			s.Name = winimage.Facts{ProductType: winimage.ProductClient, ProductName: s.Name, Build: build}.DisplayName()
		}
		if ubr, _, err := k.GetIntegerValue("UBR"); err == nil {
			s.Build += fmt.Sprintf(".%d", ubr)
		}
	}
	if m.wine {
		version, _, _ := wineVersion.Call()
		s.Kind, s.Name = claims.Wine, "Wine "+windows.BytePtrToString(*(**byte)(unsafe.Pointer(&version)))+" as "+s.Name
	}
	return s
}

const noHives = "Wine keeps its registry as text, and loads no hives"

// LoadApp is RegLoadAppKey, which needs no rights (documented).
func (m here) LoadApp(path string) (Key, error) {
	if m.wine {
		return nil, Lacking(noHives)
	}
	file, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	var k windows.Handle
	code, _, _ := loadAppKey.Call(uintptr(unsafe.Pointer(file)), uintptr(unsafe.Pointer(&k)), windows.KEY_ALL_ACCESS, 0, 0)
	if code != 0 {
		return nil, coded(code)
	}
	return key{Key: registry.Key(k)}, nil
}

// LoadMachine is RegLoadKey, which needs the privileges of backup and restore (documented).
func (m here) LoadMachine(path string) (Key, error) {
	if m.wine {
		return nil, Lacking(noHives)
	}
	if !windows.GetCurrentProcessToken().IsElevated() {
		return nil, Lacking("needs an elevated administrator")
	}
	if err := errors.Join(enable("SeBackupPrivilege"), enable("SeRestorePrivilege")); err != nil {
		return nil, Lacking("needs the privileges of backup and restore")
	}
	name := fmt.Sprintf("offlinejoin-lab-%d", os.Getpid())
	subkey, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	file, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	if code, _, _ := loadKey.Call(uintptr(registry.LOCAL_MACHINE), uintptr(unsafe.Pointer(subkey)),
		uintptr(unsafe.Pointer(file))); code != 0 {
		return nil, coded(code)
	}
	unload := func() error {
		code, _, _ := unloadKey.Call(uintptr(registry.LOCAL_MACHINE), uintptr(unsafe.Pointer(subkey)))
		return coded(code)
	}
	k, err := openBackup(registry.LOCAL_MACHINE, name)
	if err != nil {
		return nil, errors.Join(err, unload())
	}
	k.unload = unload
	return k, nil
}

// enable gives this process a privilege that its token has.
func enable(name string) error {
	var token windows.Token
	if err := windows.OpenProcessToken(windows.CurrentProcess(), windows.TOKEN_ADJUST_PRIVILEGES|windows.TOKEN_QUERY, &token); err != nil {
		return err
	}
	defer func() { _ = token.Close() }() // a handle; nothing is buffered in it
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	p := windows.Tokenprivileges{PrivilegeCount: 1}
	p.Privileges[0].Attributes = windows.SE_PRIVILEGE_ENABLED
	if err := windows.LookupPrivilegeValue(nil, wide, &p.Privileges[0].Luid); err != nil {
		return err
	}
	return windows.AdjustTokenPrivileges(token, false, &p, 0, nil, nil)
}

// RequestOfflineJoin is NetRequestOfflineDomainJoin without options: for a Windows that is not running.
func (m here) RequestOfflineJoin(blob []byte, windowsDir string) (uint32, error) {
	if err := request.Find(); err != nil {
		return 0, Lacking("this Windows has no NetRequestOfflineDomainJoin")
	}
	if !windows.GetCurrentProcessToken().IsElevated() {
		return 0, Lacking("needs an elevated administrator")
	}
	if err := errors.Join(enable("SeBackupPrivilege"), enable("SeRestorePrivilege")); err != nil {
		return 0, Lacking("needs the privileges of backup and restore")
	}
	path, err := windows.UTF16PtrFromString(windowsDir)
	if err != nil {
		return 0, err
	}
	code, _, _ := request.Call(uintptr(unsafe.Pointer(unsafe.SliceData(blob))), uintptr(uint32(len(blob))), 0, uintptr(unsafe.Pointer(path)))
	return uint32(code), nil
}

func (m here) MayAttach() error {
	if m.wine {
		return Lacking("Wine attaches no virtual disks")
	}
	if !windows.GetCurrentProcessToken().IsElevated() {
		return Lacking("needs an elevated administrator")
	}
	return nil
}

// AttachVolume is OpenVirtualDisk and AttachVirtualDisk, as package virtdisk calls them.
func (m here) AttachVolume(ctx context.Context, path string) (Volume, error) {
	s, err := virtdisk.Attach(ctx, path)
	if err != nil {
		return nil, err // not a nil *Session in an interface
	}
	return attached{s}, nil
}

// attached is a volume that Windows has attached.
type attached struct{ *virtdisk.Session }

// Check runs chkdsk without a switch that would change anything. What it says is not kept: it names files.
func (a attached) Check(ctx context.Context) (int, error) {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(system, "chkdsk.exe"), a.Volume())
	err = cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

// coded returns nil for code 0.
func coded(code uintptr) error {
	if code == 0 {
		return nil
	}
	return winerr.Errorf(winerr.Code(uint32(code)), "Windows refused")
}

// key is an open key of a loaded hive.
type key struct {
	registry.Key
	unload func() error
}

func (k key) Subkeys() ([]string, error) { return k.ReadSubKeyNames(-1) }

// REG_OPTION_BACKUP_RESTORE opens keys whatever their access lists say (documented). Without the privileges it is ignored.
const backupRestore = 4

func openBackup(parent registry.Key, name string) (key, error) {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return key{}, err
	}
	var k windows.Handle
	code := windows.RegOpenKeyEx(windows.Handle(parent), wide, backupRestore, windows.KEY_READ, &k)
	var errno windows.Errno
	if errors.As(code, &errno) {
		return key{}, coded(uintptr(errno))
	}
	return key{Key: registry.Key(k)}, code
}

func (k key) Sub(name string) (Key, error) { return openBackup(k.Key, name) }

func (k key) Values() ([]Value, error) {
	names, err := k.ReadValueNames(-1)
	if err != nil {
		return nil, err
	}
	var all []Value
	for _, name := range names {
		size, typ, err := k.GetValue(name, nil)
		if err != nil {
			return nil, err
		}
		data := make([]byte, size)
		if size > 0 {
			if size, typ, err = k.GetValue(name, data); err != nil {
				return nil, err
			}
		}
		all = append(all, Value{name, typ, data[:size]})
	}
	return all, nil
}

// rightsOfObject are the parts of a descriptor that are compared.
const rightsOfObject = windows.OWNER_SECURITY_INFORMATION | windows.GROUP_SECURITY_INFORMATION | windows.DACL_SECURITY_INFORMATION

func (k key) Security() ([]byte, error) {
	d, err := windows.GetSecurityInfo(windows.Handle(k.Key), windows.SE_REGISTRY_KEY, rightsOfObject)
	if err != nil {
		return nil, err
	}
	return slices.Clone(unsafe.Slice((*byte)(unsafe.Pointer(d)), d.Length())), nil
}

func (k key) Create(name string) (Key, error) {
	sub, _, err := registry.CreateKey(k.Key, name, registry.ALL_ACCESS)
	return key{Key: sub}, err
}

func (k key) Set(name string, data []byte) error { return k.SetBinaryValue(name, data) }

func (k key) Flush() error {
	code, _, _ := flushKey.Call(uintptr(k.Key))
	return coded(code)
}

func (k key) Close() error {
	err := k.Key.Close()
	if k.unload != nil {
		err = errors.Join(err, k.unload())
	}
	return err
}
