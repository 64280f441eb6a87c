package completion

import (
	"strings"
	"unicode/utf16"
)

// Types of registry values that a hook's values have (winnt.h).
const (
	typeSZ       uint32 = 1
	typeExpandSZ uint32 = 2
	typeDWORD    uint32 = 4
	typeMultiSZ  uint32 = 7
)

// MaxHookValue bounds one value of the hook that is put back, in bytes. A command line of Windows has 64 KiB at most.
const MaxHookValue = 64 << 10

// RawValue is a registry value as it is: its type and its bytes. Nil stands for an absent value.
type RawValue struct {
	Type uint32
	Data []byte
}

// Hook is what SYSTEM\Setup holds of Windows' boot hook, or what the record says to put back. Both ends read it by this
// type, so that they agree on whose hook it is, and put back byte for byte what was there.
type Hook struct {
	SetupType, CmdLine *RawValue
}

// SetNumber makes a REG_DWORD.
func SetNumber(v uint32) *RawValue {
	return &RawValue{typeDWORD, []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}}
}

// SetText makes a REG_SZ.
func SetText(s string) *RawValue {
	units := append(utf16.Encode([]rune(s)), 0)
	v := &RawValue{Type: typeSZ, Data: make([]byte, 0, 2*len(units))}
	for _, u := range units {
		v.Data = append(v.Data, byte(u), byte(u>>8))
	}
	return v
}

// NoHook is a Windows that starts normally: what is put back when nobody knows what was there.
func NoHook() Hook { return Hook{SetNumber(SetupTypeNone), SetText("")} }

// Number returns the number of a REG_DWORD; ok is false for everything else.
func (v *RawValue) Number() (n uint32, ok bool) {
	if v == nil || v.Type != typeDWORD || len(v.Data) != 4 {
		return 0, false
	}
	return uint32(v.Data[0]) | uint32(v.Data[1])<<8 | uint32(v.Data[2])<<16 | uint32(v.Data[3])<<24, true
}

// Text returns the text of a value of a text type, up to its first NUL, and "" for everything else. An odd last byte does
// not count.
func (v *RawValue) Text() string {
	if v == nil || v.Type != typeSZ && v.Type != typeExpandSZ && v.Type != typeMultiSZ {
		return ""
	}
	var units []uint16
	for data := v.Data; len(data) >= 2; data = data[2:] {
		u := uint16(data[0]) | uint16(data[1])<<8
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

// StartsProgram reports whether the command line starts the completion program, in whatever spelling.
func (h Hook) StartsProgram() bool {
	return strings.Contains(strings.ToLower(h.CmdLine.Text()), ProgramFile)
}

// Armed reports whether the next boot runs the completion program, exactly as staging arms it.
func (h Hook) Armed() bool {
	n, ok := h.SetupType.Number()
	return ok && n == SetupTypeThenLogon && h.CmdLine.Text() == ProgramFile
}

// Foreign reports whether the next boot runs somebody else's command.
func (h Hook) Foreign() bool {
	n, ok := h.SetupType.Number()
	return (!ok && h.SetupType != nil || n != SetupTypeNone) && h.CmdLine.Text() != "" && !h.StartsProgram()
}

// Equal reports whether both hooks have the same values, by type and bytes.
func (h Hook) Equal(o Hook) bool { return h.SetupType.equal(o.SetupType) && h.CmdLine.equal(o.CmdLine) }

func (v *RawValue) equal(o *RawValue) bool {
	if v == nil || o == nil {
		return v == o
	}
	return v.Type == o.Type && string(v.Data) == string(o.Data)
}

// RecordVersion returns the version that a record with this hook to put back needs: 1 where a program that knows only
// version 1 puts back the same, which reads REG_DWORD and REG_SZ and writes them anew.
func (h Hook) RecordVersion() uint32 {
	if h.SetupType != nil {
		if _, ok := h.SetupType.Number(); !ok {
			return Version
		}
	}
	if c := h.CmdLine; c != nil && (c.Type != typeSZ || string(c.Data) != string(SetText(c.Text()).Data)) {
		return Version
	}
	return 1
}
