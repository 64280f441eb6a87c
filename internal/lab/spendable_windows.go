package lab

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
	"github.com/offlinejoin/offlinejoin/internal/completion/liveregistry"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

var _ Spendable = here{}

func (m here) MaySpend() error {
	if !windows.GetCurrentProcessToken().IsElevated() {
		return Lacking("needs an elevated administrator")
	}
	if err := request.Find(); err != nil {
		return Lacking("this Windows has no NetRequestOfflineDomainJoin")
	}
	if domain, _, err := m.Domain(); err == nil && domain != "" {
		return Lacking("this Windows is a member of a domain already")
	}
	own, err := os.Executable()
	if err != nil {
		return err
	}
	if ofNetwork(own) {
		return Lacking("lies on a network drive, where SYSTEM cannot start it: copy it to a disk of this machine")
	}
	return nil
}

// ofNetwork tells whether a program lies in a share. A service would not find it there: the letters of shares are those of one logon session
// (documented).
func ofNetwork(program string) bool {
	root, err := windows.UTF16PtrFromString(filepath.VolumeName(program) + `\`)
	return err == nil && windows.GetDriveType(root) == windows.DRIVE_REMOTE
}

func (m here) Registry() boot.Registry { return liveregistry.System{} }

// MakeKey is RegCreateKeyEx with a security descriptor (documented).
func (m here) MakeKey(key string, security []byte) error {
	path, err := windows.UTF16PtrFromString(`SYSTEM\` + key)
	if err != nil {
		return err
	}
	attributes := windows.SecurityAttributes{SecurityDescriptor: (*windows.SECURITY_DESCRIPTOR)(unsafe.Pointer(&security[0]))}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	var k windows.Handle
	var disposition uint32
	create := advapi32.NewProc("RegCreateKeyExW")
	code, _, _ := create.Call(uintptr(registry.LOCAL_MACHINE), uintptr(unsafe.Pointer(path)), 0, 0, 0, windows.KEY_ALL_ACCESS,
		uintptr(unsafe.Pointer(&attributes)), uintptr(unsafe.Pointer(&k)), uintptr(unsafe.Pointer(&disposition)))
	if code != 0 {
		return coded(code)
	}
	return windows.RegCloseKey(k)
}

// RemoveKey removes a key that has none below it, as ours.
func (m here) RemoveKey(key string) error {
	err := registry.DeleteKey(registry.LOCAL_MACHINE, `SYSTEM\`+key)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	return winerr.OfCall("RegDeleteKey", err)
}

// SaveSystem is RegSaveKeyEx with REG_NO_COMPRESSION, which saves a hive without compression (documented), and so with its free
// space (inferred).
func (m here) SaveSystem(path string) error {
	if m.wine {
		return Lacking(noHives)
	}
	if err := errors.Join(enable("SeBackupPrivilege"), enable("SeRestorePrivilege")); err != nil {
		return Lacking("needs the privileges of backup and restore")
	}
	k, err := openBackup(registry.LOCAL_MACHINE, "SYSTEM")
	if err != nil {
		return err
	}
	defer func() { _ = k.Close() }() // only read
	if err := k.Flush(); err != nil {
		return err
	}
	file, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	const noCompression = 4 // REG_NO_COMPRESSION (winnt.h)
	code, _, _ := advapi32.NewProc("RegSaveKeyExW").Call(uintptr(k.Key), uintptr(unsafe.Pointer(file)), 0, noCompression)
	return coded(code)
}

// programPath is System32\odjboot.exe.
func programPath() (string, error) {
	system, err := windows.GetSystemDirectory()
	return filepath.Join(system, completion.ProgramFile), err
}

func (m here) PutProgram(exe []byte) error {
	path, err := programPath()
	if err != nil {
		return err
	}
	return os.WriteFile(path, exe, 0o700)
}

func (m here) RemoveProgram() error {
	path, err := programPath()
	if err == nil {
		err = os.Remove(path)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func (m here) HasProgram() (bool, error) {
	path, err := programPath()
	if err == nil {
		_, err = os.Lstat(path)
	}
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (m here) ProgramSecurity() ([]byte, error) {
	if m.wine {
		return nil, Lacking("Wine keeps an access list as the mode of a file")
	}
	path, err := programPath()
	if err != nil {
		return nil, err
	}
	d, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, rightsOfObject)
	if err != nil {
		return nil, err
	}
	return slices.Clone(unsafe.Slice((*byte)(unsafe.Pointer(d)), d.Length())), nil
}

// serviceName begins the name of the service that runs the program as SYSTEM.
const serviceName = "offlinejoin-lab"

// How long a service may take: longer than the program's own limits together.
const (
	serviceLimit = 10 * time.Minute
	servicePoll  = 100 * time.Millisecond
)

// RunAsSystem makes a service of this program, which runs the other one ([ServeAsSystem]). It is deleted when it has begun, so that it
// is gone with its end, also with one of Windows. An interrupt does not end the program: nobody knows what a half of it leaves.
func (m here) RunAsSystem(ctx context.Context) (code uint32, err error) {
	own, err := os.Executable()
	if err != nil {
		return 0, err
	}
	program, err := programPath()
	if err != nil {
		return 0, err
	}
	services, err := mgr.Connect()
	if err != nil {
		return 0, winerr.OfCall("OpenSCManager", err)
	}
	defer func() { _ = services.Disconnect() }() // a handle
	name := fmt.Sprintf("%s-%d-%d", serviceName, os.Getpid(), time.Now().UnixNano())
	s, err := services.CreateService(name, own, mgr.Config{StartType: mgr.StartManual, DisplayName: serviceName}, ServiceWord, program)
	if err != nil {
		return 0, winerr.OfCall("CreateService", err)
	}
	defer func() { _ = s.Close() }() // a handle
	if err := errors.Join(winerr.OfCall("StartService", s.Start()), winerr.OfCall("DeleteService", s.Delete())); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), serviceLimit)
	defer cancel()
	status, err := awaitState(ctx, s, svc.Stopped)
	if err != nil {
		return 0, err
	}
	if m := status.ServiceSpecificExitCode; m&serviceMark != 0 {
		return m &^ serviceMark, nil
	}
	return 0, winerr.Errorf(winerr.GenFailure, "the service did not run the program as SYSTEM")
}

// awaitState waits until a service is in a state.
func awaitState(ctx context.Context, s *mgr.Service, want svc.State) (svc.Status, error) {
	for {
		status, err := s.Query()
		if err != nil || status.State == want {
			return status, winerr.OfCall("QueryServiceStatus", err)
		}
		select {
		case <-ctx.Done():
			return status, ctx.Err()
		case <-time.After(servicePoll):
		}
	}
}

// ServiceWord is the argument that makes this program the service, before the path of the program that it runs.
const ServiceWord = "-service"

// serviceMark tells an exit code of the program from a failure to run it.
const serviceMark = 1 << 16

// ServeAsSystem is the service: it runs a program once, and ends with its exit code.
func ServeAsSystem(program string) error {
	return svc.Run(serviceName, service{program})
}

type service struct{ program string }

func (s service) Execute(_ []string, _ <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	status <- svc.Status{State: svc.Running}
	defer func() { status <- svc.Status{State: svc.StopPending} }()
	if !isSystem() {
		return true, 1
	}
	cmd := exec.Command(s.program)
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		return true, 2
	}
	return true, serviceMark | uint32(cmd.ProcessState.ExitCode())&(serviceMark-1)
}

// isSystem reports whether this process runs as SYSTEM. Wine has one user for all.
func isSystem() bool {
	if underWine() {
		return true
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	return err == nil && user.User.Sid.IsWellKnown(windows.WinLocalSystemSid)
}

// workstation is the service that Windows' function needs.
const workstation = "LanmanWorkstation"

func (m here) SetWorkstation(ctx context.Context, on bool) error {
	services, err := mgr.Connect()
	if err != nil {
		return winerr.OfCall("OpenSCManager", err)
	}
	defer func() { _ = services.Disconnect() }() // a handle
	s, err := services.OpenService(workstation)
	if err != nil {
		return Lacking("this Windows has no Workstation service")
	}
	defer func() { _ = s.Close() }() // a handle
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if on {
		if err := s.Start(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
			return winerr.OfCall("StartService", err)
		}
		_, err := awaitState(ctx, s, svc.Running)
		return err
	}
	dependents, err := s.ListDependentServices(svc.Active)
	if err != nil {
		return winerr.OfCall("EnumDependentServices", err)
	}
	for _, name := range dependents {
		d, err := services.OpenService(name)
		if err == nil {
			err = errors.Join(stop(ctx, d), d.Close())
		}
		if err != nil {
			return Lacking("the Workstation service cannot be stopped, because another that needs it cannot")
		}
	}
	if err := stop(ctx, s); err != nil {
		return Lacking("the Workstation service cannot be stopped")
	}
	return nil
}

func stop(ctx context.Context, s *mgr.Service) error {
	if _, err := s.Control(svc.Stop); err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
		return err
	}
	_, err := awaitState(ctx, s, svc.Stopped)
	return err
}

func (m here) Log() ([]byte, error) {
	dir, err := windows.GetSystemWindowsDirectory()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(dir, completion.LogFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxRead))
}

// Events asks wevtutil.exe, which prints one element an event.
func (m here) Events(ctx context.Context) ([]uint32, error) {
	if m.wine {
		return nil, Lacking("Wine keeps no event log")
	}
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return nil, err
	}
	const query = "*[System[Provider[@Name='" + completion.EventSource + "']]]"
	text, err := exec.CommandContext(ctx, filepath.Join(system, "wevtutil.exe"), "query-events", "Application", "/query:"+query, "/format:xml").Output()
	if err != nil {
		return nil, err
	}
	return eventIDs(text)
}

// eventIDs reads the IDs from elements one after the other.
func eventIDs(text []byte) ([]uint32, error) {
	var all []uint32
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		var event struct {
			ID uint32 `xml:"System>EventID"`
		}
		err := d.Decode(&event)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, event.ID)
	}
}

// restartLimit is how long a restart that was asked for may take to end this process.
const restartLimit = 3 * time.Minute

func (m here) AwaitRestart(ctx context.Context) {
	if m.wine {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(restartLimit):
	}
}

func (m here) Started() (time.Time, error) {
	if m.wine {
		return time.Time{}, Lacking("Wine does not restart")
	}
	return time.Now().Add(-windows.DurationSinceBoot()), nil
}

// Domain is NetGetJoinInformation and the name of the running Windows.
func (m here) Domain() (domain, machine string, err error) {
	if m.wine {
		return "", "", Lacking("a join takes no effect in Wine")
	}
	var name *uint16
	var status uint32
	if err := windows.NetGetJoinInformation(nil, &name, &status); err != nil {
		return "", "", winerr.OfCall("NetGetJoinInformation", err)
	}
	defer func() { _ = windows.NetApiBufferFree((*byte)(unsafe.Pointer(name))) }()
	if status == windows.NetSetupDomainName {
		domain = windows.UTF16PtrToString(name)
	}
	machine, err = windows.ComputerName()
	return domain, machine, err
}

func (m here) JoinOnline(ctx context.Context, blob []byte) (uint32, error) {
	read, err := offlinejoin.ReadBlob(bytes.Clone(blob), "the sample blob")
	if err != nil {
		return 0, err
	}
	defer read.Wipe()
	_, err = offlinejoin.Stage(ctx, offlinejoin.Request{Online: true, Method: offlinejoin.MethodNative, Blob: read})
	if code, has := winerr.CodeOf(err); has {
		return uint32(code), nil
	}
	return 0, err
}
