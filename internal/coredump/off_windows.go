package coredump

import "golang.org/x/sys/windows"

// werNoHeap is WER_FAULT_REPORTING_FLAG_NOHEAP (werapi.h).
const werNoHeap = 1

// Off makes the system keep nothing of this process when it dies. The error says what could not be set; there is then
// nothing that the program could do about it.
func Off() error {
	windows.SetErrorMode(windows.SetErrorMode(0) | windows.SEM_FAILCRITICALERRORS | windows.SEM_NOGPFAULTERRORBOX)
	set := windows.NewLazySystemDLL("kernel32.dll").NewProc("WerSetFlags")
	if err := set.Find(); err != nil {
		return err
	}
	if result, _, _ := set.Call(werNoHeap); result != 0 {
		return windows.Errno(result & 0xFFFF) // an HRESULT of a system error
	}
	return nil
}
