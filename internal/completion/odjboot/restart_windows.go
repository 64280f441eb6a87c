package main

import (
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"golang.org/x/sys/windows"
)

// Restart asks for a restart at once, which closes programs by force. AbortSystemShutdown cannot stop it with a time-out of 0, but
// programs, services and the system still can (documented).
func (windowsSystem) Restart() error {
	if err := enablePrivilege("SeShutdownPrivilege"); err != nil {
		return err
	}
	const reason = windows.SHTDN_REASON_MAJOR_OPERATINGSYSTEM | windows.SHTDN_REASON_MINOR_RECONFIG |
		windows.SHTDN_REASON_FLAG_PLANNED
	const forceAppsClosed, reboot = true, true
	return winerr.OfCall("InitiateSystemShutdownEx",
		windows.InitiateSystemShutdownEx(nil, nil, 0, forceAppsClosed, reboot, reason))
}

// enablePrivilege switches on a privilege that our token holds. One that it does not hold shows at its use.
func enablePrivilege(name string) error {
	var token windows.Token
	const access = windows.TOKEN_ADJUST_PRIVILEGES | windows.TOKEN_QUERY
	if err := windows.OpenProcessToken(windows.CurrentProcess(), access, &token); err != nil {
		return winerr.OfCall("OpenProcessToken", err)
	}
	defer func() { _ = token.Close() }() // a handle; nothing is buffered in it

	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return winerr.OfCall(name, err)
	}
	want := windows.Tokenprivileges{PrivilegeCount: 1}
	want.Privileges[0].Attributes = windows.SE_PRIVILEGE_ENABLED
	if err := windows.LookupPrivilegeValue(nil, wide, &want.Privileges[0].Luid); err != nil {
		return winerr.OfCall("LookupPrivilegeValue", err)
	}
	return winerr.OfCall("AdjustTokenPrivileges", windows.AdjustTokenPrivileges(token, false, &want, 0, nil, nil))
}
