package main

import (
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Exit codes of the second process: a mark, which no crash of a process looks like (those are an NTSTATUS, or Go's 2),
// and the code that boot.Call returned.
const (
	returnedMark uint32 = 1 << 29 // the bit that Windows leaves to applications
	returnedCode uint32 = returnedMark - 1
)

// returned is the exit code for a code. Windows' function documents only small ones; another becomes a general failure.
func returned(code winerr.Code) uint32 {
	if uint32(code) > returnedCode {
		code = winerr.GenFailure
	}
	return returnedMark | uint32(code)
}

// Join starts the second process and waits for it.
func (windowsSystem) Join(limit time.Duration) (winerr.Code, error) {
	process, err := startCall()
	if err != nil {
		return 0, err
	}
	defer func() { _ = windows.CloseHandle(process) }() // a handle; nothing is buffered in it

	event, err := windows.WaitForSingleObject(process, uint32(limit.Milliseconds()))
	if err != nil {
		err = winerr.OfCall("WaitForSingleObject", err)
	} else if event == uint32(windows.WAIT_TIMEOUT) {
		err = winerr.New(winerr.Timeout, "it did not return within "+limit.String()+
			"; whether it still takes effect shows after the next restart")
	}
	if err != nil {
		end(process)
		return 0, err
	}
	var status uint32
	if err := windows.GetExitCodeProcess(process, &status); err != nil {
		return 0, winerr.OfCall("GetExitCodeProcess", err)
	}
	if status&^returnedCode != returnedMark {
		return 0, winerr.New(winerr.UnhandledException, "the process that called it ended with status 0x"+
			strconv.FormatUint(uint64(status), 16))
	}
	return winerr.Code(status & returnedCode), nil
}

// end ends a process and waits until its memory is gone, at most some seconds: it may be stuck where Windows cannot end
// it.
func end(process windows.Handle) {
	const grace = 5000 // milliseconds
	_ = windows.TerminateProcess(process, uint32(winerr.Timeout))
	_, _ = windows.WaitForSingleObject(process, grace)
}

// startCall starts this program as the second process. It gets no console, so that nothing of a crash can be read on
// the screen.
func startCall() (windows.Handle, error) {
	file, err := ownFile()
	if err != nil {
		return 0, err
	}
	program, err := windows.UTF16PtrFromString(file)
	if err != nil {
		return 0, winerr.OfCall("the program's file name", err)
	}
	line, err := windows.UTF16PtrFromString(`"` + file + `" ` + callWord)
	if err != nil {
		return 0, winerr.OfCall("the program's file name", err)
	}
	startup := windows.StartupInfo{}
	startup.Cb = uint32(unsafe.Sizeof(startup))
	var info windows.ProcessInformation
	const inherit = false
	err = windows.CreateProcess(program, line, nil, nil, inherit, windows.CREATE_NO_WINDOW, nil, nil, &startup, &info)
	if err != nil {
		return 0, winerr.OfCall("CreateProcess", err)
	}
	_ = windows.CloseHandle(info.Thread)
	return info.Process, nil
}
