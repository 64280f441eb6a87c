package odj

import (
	"bytes"
	"encoding/binary"
)

// streamVectors are refused for a header or for the outermost structure.
func streamVectors() []vector {
	return slicesOf(headerVectors("stream", 0, ""), headerVectors("nested", atJoin, "pBlobs[0].pBlob"), lengthVectors(),
		provisionVectors())
}

// headerVectors damage the header of the stream at a place in webJoin's blob.
func headerVectors(prefix string, at int, field string) []vector {
	word := func(name, what string, code int, offset int, value uint32) vector {
		return vector{
			file: prefix + "-" + name + ".bin", what: what, code: codeOf(code), field: field,
			make: func(m *maker) []byte { return m.word(at+offset, value) },
		}
	}
	bigEndian := word("big-endian", "the header says big endian", 2719, 0, 0x00080001)
	bigEndian.odd = "ndrdump does not look at the mark and reads little endian"
	top := word("top-null", "the pointer to the structure is NULL", 87, 16, 0)
	top.field = join2(field, "top level pointer")
	if at == 0 {
		top.odd = "ndrdump shows a NULL pointer and is content"
	}
	list := []vector{
		word("version-2", "serialization version 2 (NDR64)", 2719, 0, 0x00081002),
		word("version-3", "serialization version 3", 87, 0, 0x00081003),
		bigEndian,
		word("byte-order", "a byte order that does not exist", 87, 0, 0x00081101),
		word("header-length", "a header of 9 bytes", 87, 0, 0x00091001),
		word("length-odd", "the object's length is no multiple of 8", 87, 8, 0x00000201),
		word("length-great", "the object's length is beyond the end", 87, 8, 0xFFFFFFF8),
		word("length-small", "the object's length leaves bytes over", 87, 8, 0x00000100),
		top,
	}
	return list
}

func join2(path, field string) string {
	if path == "" {
		return field
	}
	return path + "." + field
}

// lengthVectors are cut off, or too long.
func lengthVectors() []vector {
	cut := func(name, what string, size func(whole int) int) vector {
		return vector{file: "cut-" + name + ".bin", what: what, code: 87, make: func(m *maker) []byte {
			return m.web[:size(len(m.web))]
		}}
	}
	honest := func(name, what, field string, size int) vector {
		return vector{file: "cut-" + name + ".bin", what: what, code: 87, field: field, make: func(m *maker) []byte {
			b := bytes.Clone(m.web[:size])
			binary.LittleEndian.PutUint32(b[8:], uint32(size-16))
			return b
		}}
	}
	return []vector{
		cut("half", "half of it", func(n int) int { return n / 2 }),
		cut("8-bytes", "the last 8 bytes are missing", func(n int) int { return n - 8 }),
		cut("header-only", "a header and nothing else", func(int) int { return 16 }),
		cut("in-header", "not even a header", func(int) int { return 7 }),
		honest("honest-fixed", "cut off in the fixed part, with a header that fits", "ulcBlobs", 24),
		honest("honest-array", "cut off in the array, with a header that fits", "pBlobs", 48),
		honest("honest-join", "cut off in a nested stream, with a header that fits", "pBlobs[0].pBlob", 400),
		{file: "long-1-byte.bin", what: "one byte too many", code: 87, make: func(m *maker) []byte {
			return append(bytes.Clone(m.web), 0)
		}, odd: "ndrdump does not mind bytes after the object"},
		{file: "long-8-bytes.bin", what: "8 bytes too many", code: 87, make: func(m *maker) []byte {
			return append(bytes.Clone(m.web), make([]byte, 8)...)
		}, odd: "ndrdump does not mind bytes after the object"},
		{
			file: "long-inside.bin",
			what: "8 bytes more than padding, within the object",
			code: 87, field: "end",
			make: func(m *maker) []byte {
				b := append(bytes.Clone(m.web), make([]byte, 8)...)
				binary.LittleEndian.PutUint32(b[8:], uint32(len(b)-16))
				return b
			}, odd: "ndrdump does not mind bytes after the structure",
		},
	}
}

// provisionVectors damage ODJ_PROVISION_DATA and its array of ODJ_BLOB.
func provisionVectors() []vector {
	word := func(name, what, field string, code int, at int, value uint32) vector {
		return vector{
			file: "provision-" + name + ".bin", what: what, code: codeOf(code), field: field,
			make: func(m *maker) []byte { return m.word(at, value) },
		}
	}
	tree := func(name, what, field string, code int, change func(p *provision)) vector {
		return vector{
			file: "provision-" + name + ".bin", what: what, code: codeOf(code), field: field,
			make: func(m *maker) []byte { return m.tree(change) },
		}
	}
	const anyVersion = "ndrdump does not look at ulVersion"
	const nullWithCount = "ndrdump does not compare a count with a NULL pointer"
	const anyFormat = "ndrdump skips unknown formats and does not ask whether a known one is left"
	const structureOnly = "ndrdump reads structures and does not ask what makes a join"
	list := []vector{
		word("version-0", "ulVersion 0", "ulVersion", 2719, atVersion, 0),
		word("version-2", "ulVersion 2", "ulVersion", 2719, atVersion, 2),
		word("count-3", "3 formats are announced, the array has 2", "pBlobs", 87, atCountBlobs, 3),
		word("count-80000", "80000 formats are announced", "pBlobs", 87, atCountBlobs, 80000),
		word("pointer-null", "2 formats are announced, the pointer is NULL", "ulcBlobs", 87, atPointBlobs, 0),
		{
			file: "provision-count-both.bin",
			what: "80000 formats are announced, and the array agrees",
			code: 87, field: "pBlobs",
			make: func(m *maker) []byte {
				return m.wordAt(m.word(atCountBlobs, 80000), atMaxBlobs, 80000)
			},
		},
		word("format-3", "format 3 in place of format 1", "pBlobs", 2719, atFormat, 3),
		word("size-great", "cbBlob is greater than the array", "pBlobs[0].pBlob", 87, atSizeBlob, 9999),
		word("size-max", "cbBlob is the greatest number", "pBlobs[0].pBlob", 87, atSizeBlob, 0xFFFFFFFF),
		word("blob-null", "the pointer to a format is NULL", "pBlobs[0].pBlob", 87, atPointBlob, 0),
		word("array-differs", "the array before the bytes has another count", "pBlobs[0].pBlob", 87, atMaxBlob, 8),
		tree("no-format", "no format at all", "pBlobs", 87, func(p *provision) { p.blobs = []formatBlob{} }),
		tree("null", "no array of formats", "pBlobs", 87, func(p *provision) { p.blobs = nil }),
		tree("format-1-twice", "format 1 twice", "pBlobs[2].ulODJFormat", 87, func(p *provision) {
			p.blobs = append(p.blobs, p.blobs[0])
		}),
		tree("format-2-twice", "format 2 twice", "pBlobs[2].ulODJFormat", 87, func(p *provision) {
			p.blobs = append(p.blobs, p.blobs[1])
		}),
		{
			file: "provision-format-2-for-1.bin",
			what: "format 2 is announced where format 1 stands",
			code: 2719, field: "pBlobs[0].pBlob.EncryptionType",
			make: func(m *maker) []byte {
				return m.word(atFormat, formatWin8)
			},
		},
	}
	for i := range list {
		switch v := &list[i]; v.file {
		case "provision-version-0.bin", "provision-version-2.bin":
			v.odd = anyVersion
		case "provision-pointer-null.bin":
			v.odd = nullWithCount
		case "provision-format-3.bin":
			v.odd = anyFormat
		case "provision-no-format.bin", "provision-null.bin",
			"provision-format-1-twice.bin", "provision-format-2-twice.bin":
			v.odd = structureOnly
		}
	}
	return list
}
