package liveregistry

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// System is HKLM\SYSTEM of the Windows that this process runs on: a [boot.Registry].
type System struct{}

var _ boot.Registry = System{}

// maxText bounds a REG_SZ that we read, in bytes.
const maxText = 64 << 10

// errType tells of a value whose type or length is not the contract's.
var errType = winerr.New(winerr.BadOfflineJoinInfo, "the value has another type or length than it must have")

// in opens the key below HKLM\SYSTEM for one use.
func in(key string, access uint32, use func(registry.Key) error) error {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\`+key, access)
	if err == nil {
		defer func() { _ = k.Close() }() // a handle; nothing is buffered in it
		err = use(k)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, registry.ErrNotExist):
		return boot.ErrAbsent
	case errors.Is(err, registry.ErrUnexpectedType), errors.Is(err, registry.ErrShortBuffer):
		return errType
	}
	if _, done := winerr.CodeOf(err); done {
		return err
	}
	return winerr.OfCall(`SYSTEM\`+key, err)
}

func (System) Number(key, name string) (v uint32, err error) {
	err = in(key, registry.QUERY_VALUE, func(k registry.Key) error {
		n, kind, err := k.GetIntegerValue(name)
		if err == nil && kind != registry.DWORD {
			return errType
		}
		v = uint32(n)
		return err
	})
	return v, err
}

func (s System) Text(key, name string) (v string, err error) {
	size, err := s.Size(key, name)
	if err != nil {
		return "", err
	}
	if size > maxText {
		return "", errType
	}
	err = in(key, registry.QUERY_VALUE, func(k registry.Key) (err error) {
		v, _, err = k.GetStringValue(name)
		return err
	})
	return v, err
}

func (System) Size(key, name string) (size int, err error) {
	err = in(key, registry.QUERY_VALUE, func(k registry.Key) (err error) {
		size, _, err = k.GetValue(name, nil)
		return err
	})
	return size, err
}

// Bytes reads into the caller's memory and nowhere else, so that the caller can wipe it.
func (System) Bytes(key, name string, to []byte) error {
	return in(key, registry.QUERY_VALUE, func(k registry.Key) error {
		n, kind, err := k.GetValue(name, to)
		if err == nil && (n != len(to) || kind != registry.BINARY) {
			return errType
		}
		return err
	})
}

func (System) SetNumber(key, name string, v uint32) error {
	return in(key, registry.SET_VALUE, func(k registry.Key) error { return k.SetDWordValue(name, v) })
}

func (System) SetText(key, name, v string) error {
	return in(key, registry.SET_VALUE, func(k registry.Key) error { return k.SetStringValue(name, v) })
}

func (System) SetBytes(key, name string, v []byte) error {
	return in(key, registry.SET_VALUE, func(k registry.Key) error { return k.SetBinaryValue(name, v) })
}

// Raw reads a value of any type.
func (System) Raw(key, name string) (v completion.RawValue, err error) {
	err = in(key, registry.QUERY_VALUE, func(k registry.Key) error {
		size, _, err := k.GetValue(name, nil)
		if err != nil {
			return err
		}
		if size > completion.MaxHookValue {
			return errType
		}
		data := make([]byte, size)
		n, kind, err := k.GetValue(name, data)
		if err != nil {
			return err
		}
		v = completion.RawValue{Type: kind, Data: data[:min(n, size)]}
		return nil
	})
	return v, err
}

// SetRaw is RegSetValueEx, which is given the type and the bytes (documented).
func (System) SetRaw(key, name string, v completion.RawValue) error {
	set := windows.NewLazySystemDLL("advapi32.dll").NewProc("RegSetValueExW")
	return in(key, registry.SET_VALUE, func(k registry.Key) error {
		if err := set.Find(); err != nil {
			return err
		}
		wide, err := windows.UTF16PtrFromString(name)
		if err != nil {
			return err
		}
		code, _, _ := set.Call(uintptr(k), uintptr(unsafe.Pointer(wide)), 0, uintptr(v.Type),
			uintptr(unsafe.Pointer(unsafe.SliceData(v.Data))), uintptr(len(v.Data)))
		if code != 0 {
			return winerr.OfCall("RegSetValueEx", windows.Errno(code))
		}
		return nil
	})
}

func (System) Delete(key, name string) error {
	err := in(key, registry.SET_VALUE, func(k registry.Key) error { return k.DeleteValue(name) })
	if errors.Is(err, boot.ErrAbsent) {
		return nil
	}
	return err
}

// Flush is RegFlushKey, which returns when all of the hive's changes are on the disk (documented).
func (System) Flush(key string) error {
	flush := windows.NewLazySystemDLL("advapi32.dll").NewProc("RegFlushKey")
	return in(key, registry.QUERY_VALUE, func(k registry.Key) error {
		if err := flush.Find(); err != nil {
			return err
		}
		if code, _, _ := flush.Call(uintptr(k)); code != 0 {
			return winerr.OfCall("RegFlushKey", windows.Errno(code))
		}
		return nil
	})
}
