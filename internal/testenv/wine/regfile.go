package wine

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// The text format of regedit, "Windows Registry Editor Version 5.00": UTF-16 with a byte order mark, a [key] line
// before its values, data as hex(TYPE):aa,bb,… for every type.
const regFileHead = "Windows Registry Editor Version 5.00\r\n"

// formatRegFile writes the text that deletes keys with all below them, and then sets values in their order.
func formatRegFile(deleted []string, values []RegValue) []byte {
	var b strings.Builder
	b.WriteString(regFileHead)
	for _, key := range deleted {
		fmt.Fprintf(&b, "\r\n[-%s]\r\n", key)
	}
	key := ""
	for _, v := range values {
		if v.Key != key {
			key = v.Key
			fmt.Fprintf(&b, "\r\n[%s]\r\n", key)
		}
		if v.Type == regGone {
			fmt.Fprintf(&b, "%s=-\r\n", quoteRegName(v.Name))
			continue
		}
		fmt.Fprintf(&b, "%s=hex(%x):%s\r\n", quoteRegName(v.Name), v.Type, commaHex(v.Data))
	}
	return utf16File(b.String())
}

func quoteRegName(name string) string {
	if name == "" {
		return "@"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

func commaHex(data []byte) string {
	var b strings.Builder
	for i, c := range data {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(hex.EncodeToString([]byte{c}))
	}
	return b.String()
}

func utf16File(s string) []byte {
	out := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

// parseRegFile reads what regedit exported.
func parseRegFile(file []byte) ([]RegValue, error) {
	text, err := fromUTF16File(file)
	if err != nil {
		return nil, err
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\\\n  ", "") // long data goes on in the next line
	var values []RegValue
	key := ""
	for n, line := range strings.Split(text, "\n") {
		switch {
		case n == 0 || line == "":
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			key = line[1 : len(line)-1]
		default:
			v, err := parseRegLine(line)
			if err != nil {
				return nil, fmt.Errorf("line %d of the exported registry: %w", n+1, err)
			}
			v.Key = key
			values = append(values, v)
		}
	}
	return values, nil
}

func fromUTF16File(file []byte) (string, error) {
	if len(file) < 2 || len(file)%2 != 0 || file[0] != 0xFF || file[1] != 0xFE {
		return "", fmt.Errorf("the exported registry is not UTF-16 with a byte order mark")
	}
	units := make([]uint16, len(file)/2-1)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(file[2+2*i:])
	}
	return string(utf16.Decode(units)), nil
}

// parseRegLine reads `"name"=data`.
func parseRegLine(line string) (RegValue, error) {
	name, rest, err := cutRegName(line)
	if err != nil {
		return RegValue{}, err
	}
	switch {
	case strings.HasPrefix(rest, `"`) && strings.HasSuffix(rest, `"`) && len(rest) > 1:
		return SZ("", name, strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(rest[1:len(rest)-1])), nil
	case strings.HasPrefix(rest, "dword:"):
		n, err := strconv.ParseUint(rest[len("dword:"):], 16, 32)
		return DWord("", name, uint32(n)), err
	case strings.HasPrefix(rest, "hex:"):
		return regHex(name, RegBinary, rest[len("hex:"):])
	case strings.HasPrefix(rest, "hex("):
		kind, data, ok := strings.Cut(rest[len("hex("):], "):")
		n, err := strconv.ParseUint(kind, 16, 32)
		if !ok || err != nil {
			return RegValue{}, fmt.Errorf("%q has no type", name)
		}
		return regHex(name, uint32(n), data)
	}
	return RegValue{}, fmt.Errorf("%q has data of an unknown form", name)
}

func regHex(name string, kind uint32, text string) (RegValue, error) {
	data, err := hex.DecodeString(strings.ReplaceAll(text, ",", ""))
	return RegValue{Name: name, Type: kind, Data: data}, err
}

// cutRegName cuts the quoted name off, whose backslashes and quotes are escaped.
func cutRegName(line string) (name, rest string, err error) {
	if rest, ok := strings.CutPrefix(line, "@="); ok {
		return "", rest, nil
	}
	if !strings.HasPrefix(line, `"`) {
		return "", "", fmt.Errorf("no name where one must be")
	}
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line):
			i++
			name += line[i : i+1]
		case strings.HasPrefix(line[i:], `"=`):
			return name, line[i+2:], nil
		default:
			name += line[i : i+1]
		}
	}
	return "", "", fmt.Errorf("a name without an end")
}
