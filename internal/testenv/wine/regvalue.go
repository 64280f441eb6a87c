package wine

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// Registry value types (winnt.h).
const (
	RegSZ     uint32 = 1
	RegBinary uint32 = 3
	RegDWord  uint32 = 4
)

// System is the path of the SYSTEM hive's root in a running Windows.
const System = `HKEY_LOCAL_MACHINE\SYSTEM`

// RegValue is one registry value, with its data as the registry keeps it.
type RegValue struct {
	Key  string // such as HKEY_LOCAL_MACHINE\SYSTEM\Setup
	Name string
	Type uint32
	Data []byte
}

// SZ makes a REG_SZ: UTF-16 with its final NUL.
func SZ(key, name, s string) RegValue {
	var data []byte
	for _, unit := range utf16.Encode([]rune(s + "\x00")) {
		data = binary.LittleEndian.AppendUint16(data, unit)
	}
	return RegValue{Key: key, Name: name, Type: RegSZ, Data: data}
}

// DWord makes a REG_DWORD.
func DWord(key, name string, v uint32) RegValue {
	return RegValue{Key: key, Name: name, Type: RegDWord, Data: binary.LittleEndian.AppendUint32(nil, v)}
}

// Binary makes a REG_BINARY.
func Binary(key, name string, data []byte) RegValue {
	return RegValue{Key: key, Name: name, Type: RegBinary, Data: data}
}

// regGone is the type of a value that is to be deleted.
const regGone = ^uint32(0)

// Gone makes what deletes a value when it is set.
func Gone(key, name string) RegValue { return RegValue{Key: key, Name: name, Type: regGone} }

// Text returns the string of a REG_SZ, and "" for another type.
func (v RegValue) Text() string {
	if v.Type != RegSZ {
		return ""
	}
	return Wide(v.Data)
}

// Wide reads UTF-16LE without the NULs at its end, such as the data of REG_SZ, REG_EXPAND_SZ and REG_MULTI_SZ.
func Wide(data []byte) string {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(data[2*i:])
	}
	return strings.TrimRight(string(utf16.Decode(units)), "\x00")
}

// Number returns the number of a REG_DWORD, and ok = false for another type.
func (v RegValue) Number() (n uint32, ok bool) {
	if v.Type != RegDWord || len(v.Data) != 4 {
		return 0, false
	}
	return binary.LittleEndian.Uint32(v.Data), true
}
