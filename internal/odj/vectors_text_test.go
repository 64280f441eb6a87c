package odj

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
)

// textVectors are the same blob as text: as it is written, as it is read besides, and as it is refused.
func textVectors() []vector {
	text := func(m *maker) []byte { return base64.StdEncoding.AppendEncode(nil, m.web) }
	wide := func(m *maker) []byte { return utf16le(string(text(m))) }
	plus := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	read := func(file, what string, make func(m *maker) []byte) vector {
		return vector{file: "text-" + file, what: what, make: make}
	}
	wrong := func(file, what string, make func(m *maker) []byte) vector {
		return vector{file: "text-wrong-" + file, what: what, code: 87, make: make}
	}
	return []vector{
		read("djoin.txt", "the file of djoin /savefile: UTF-16LE, byte order mark, final NUL", func(m *maker) []byte {
			return djoinFile(m.web)
		}),
		read("account-data.b64", "base64 in one line, as AccountData of an answer file", text),
		read("utf16-no-nul.txt", "without the final NUL", func(m *maker) []byte { return plus(bomUTF16LE, wide(m)) }),
		read("utf16-no-mark.txt", "without the byte order mark", wide),
		read("utf16-lines.txt", "UTF-16LE with a line end, as PowerShell writes", func(m *maker) []byte {
			return plus(bomUTF16LE, wide(m), utf16le("\r\n"))
		}),
		read("utf8-mark.b64", "with UTF-8's byte order mark", func(m *maker) []byte { return plus(bomUTF8, text(m)) }),
		read("lines.b64", "in lines of 64 characters", func(m *maker) []byte { return wrapped(text(m), 64, "\n") }),
		read("lines-crlf.b64", "in lines of 76 characters that end with CR LF, indented", func(m *maker) []byte {
			return plus([]byte("  "), wrapped(text(m), 76, "\r\n\t"))
		}),

		wrong("utf16-odd.txt", "UTF-16 with half a unit at the end", func(m *maker) []byte {
			return djoinFile(m.web)[:1001]
		}),
		wrong("utf16-big-endian.txt", "UTF-16BE", func(m *maker) []byte {
			swapped := plus(bomUTF16LE, wide(m))
			for pair := range slices.Chunk(swapped, 2) {
				pair[0], pair[1] = pair[1], pair[0]
			}
			return swapped
		}),
		wrong("character.b64", "a character that is not base64", func(m *maker) []byte {
			b := text(m)
			b[500] = '*'
			return b
		}),
		wrong("character-lost.b64", "a character is missing", func(m *maker) []byte {
			return slices.Delete(text(m), 500, 501)
		}),
		wrong("cut.b64", "cut off between two groups of base64", func(m *maker) []byte { return text(m)[:1000] }),
		wrong("no-padding.b64", "without the final =", func(m *maker) []byte { return bytes.TrimRight(text(m), "=") }),
		wrong("url.b64", "base64 of the other alphabet, for URLs", func(m *maker) []byte {
			return base64.URLEncoding.AppendEncode(nil, m.web)
		}),
		wrong("after-nul.b64", "more text after a NUL", func(m *maker) []byte {
			return plus(text(m), []byte("\x00AAAA"))
		}),
		wrong("twice.b64", "two blobs", func(m *maker) []byte { return plus(text(m), []byte("\n"), text(m)) }),
		wrong("hex.txt", "hexadecimal", func(m *maker) []byte { return hex.AppendEncode(nil, m.web) }),
		wrong("answer-file.xml", "a whole answer file", func(*maker) []byte {
			return []byte("<?xml version=\"1.0\"?>\n<unattend/>\n")
		}),
		wrong("age.txt", "an encrypted file", func(*maker) []byte { return []byte("age-encryption.org/v1\n") }),
		wrong("something.b64", "base64 of something else", func(*maker) []byte {
			return base64.StdEncoding.AppendEncode(nil, []byte("just a sentence"))
		}),
		wrong("blank.txt", "nothing but blanks", func(*maker) []byte { return []byte(" \r\n\x00") }),
		wrong("empty.bin", "an empty file", func(*maker) []byte { return []byte{} }),
	}
}
