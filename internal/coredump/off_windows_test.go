package coredump_test

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/offlinejoin/offlinejoin/internal/coredump"
)

// TestErrorReportsAreOff asks Windows what Off has set.
func TestErrorReportsAreOff(t *testing.T) {
	if err := coredump.Off(); err != nil {
		t.Error(err)
	}
	const dialogs = windows.SEM_FAILCRITICALERRORS | windows.SEM_NOGPFAULTERRORBOX
	mode := windows.SetErrorMode(0)
	windows.SetErrorMode(mode)
	if mode&dialogs != dialogs {
		t.Errorf("error mode %#x", mode)
	}
	const noHeap = 1 // WER_FAULT_REPORTING_FLAG_NOHEAP
	get := windows.NewLazySystemDLL("kernel32.dll").NewProc("WerGetFlags")
	if err := get.Find(); err != nil {
		t.Fatal(err)
	}
	var flags uint32
	result, _, _ := get.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&flags)))
	const notImplemented = 0x80004001 // E_NOTIMPL, by Wine 8
	if result == notImplemented {
		t.Log("this system does not tell the flags of its error reports")
		return
	}
	if result != 0 || flags&noHeap == 0 {
		t.Errorf("WerGetFlags: %#x, flags %#x", result, flags)
	}
}
