package options

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// recipientsFile is the option of the command line alone that names public keys.
const recipientsFile Name = "recipients_file"

// TemplateFile is the option of the command line alone that names an answer file to merge a join into.
const TemplateFile Name = "template_file"

// IsPath reports whether the option's value is the path of a file or folder.
func (w Name) IsPath() bool {
	switch w {
	case WindowsPath, ImagePath, OverlayPath, CopyPath, JournalDir, BlobFile, IdentityFile, recipientsFile, TemplateFile, CompletionProgram, LedgerFile, Backup, ReportFile,
		ADPasswordFile, ADKeytab, ADCCache, ADCAFile:
		return true
	}
	return false
}

// NotContent refuses a value of a path option that is the content of a file instead of its path (87). It is asked before
// the value is used, kept or shown; the error never shows it. instead is the word that takes the blob itself where the user
// writes, and empty where none does.
func NotContent(option Name, value string, instead ...Name) error {
	what := contentOf(value)
	if what == "" {
		return nil
	}
	way := "give the path of the file that holds it"
	if what == contentText && len(value) <= maxSegment {
		way += `; in a path of Windows that is written in HCL, \n and \t are a line break and a tab: write it with slashes or with ` +
			`two backslashes`
	}
	if what == contentBlob && option == BlobFile && len(instead) > 0 {
		way = fmt.Sprintf("give the blob as %s, or here %s", instead[0], strings.TrimPrefix(way, "give "))
	}
	return winerr.Errorf(winerr.InvalidParameter, "%s wants a path, and what it was given looks like %s, which is not shown: "+
		"%s", option, what, way)
}

// IsSecretContent reports whether a value is, beyond doubt, the content of a secret file: a key or a blob. It is for values
// that need not be paths.
func IsSecretContent(value string) bool {
	switch contentOf(value) {
	case contentBlob, contentKey, contentSealed:
		return true
	}
	return false
}

// What a value can be in place of a path.
const (
	contentBlob   = "a blob itself"
	contentKey    = "a private key itself"
	contentSealed = "an encrypted blob itself"
	contentJSON   = "JSON"
	contentXML    = "an answer file itself"
	contentText   = "the content of a file"
	contentLong   = "the content of a file, as no file has so long a name"
)

const (
	maxSegment = 255      // bytes of one name, on all systems that this program runs on
	maxPath    = 32 << 10 // Windows' longest path, in characters
	maxNesting = 4        // how many encodings are taken off: base64 of UTF-16 of base64 is 3
	maxProbed  = 512      // bytes of a value that are decoded: its beginning says what it is
)

// contentOf says what a value is when it is no path, and "" for what may be one.
func contentOf(value string) string {
	if found := contentOfBytes([]byte(value[:min(len(value), maxProbed)]), maxNesting); found != "" {
		return found
	}
	upper := strings.ToUpper(value)
	switch {
	case strings.Contains(upper, "-----BEGIN AGE ENCRYPTED"):
		return contentSealed
	case strings.Contains(upper, "-----BEGIN "), holdsAgeKey(upper):
		return contentKey
	case strings.ContainsAny(value, "\r\n\x00"):
		return contentText
	case len(value) > maxPath:
		return contentLong
	}
	for segment := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == '/' || r == '\\' }) {
		if len(segment) > maxSegment {
			return contentLong
		}
	}
	return ""
}

// blobMagic begins every blob: the NDR type header ([MS-RPCE] 2.2.6.1) as the provisioning functions write it.
var blobMagic = [8]byte{0x01, 0x10, 0x08, 0x00, 0xCC, 0xCC, 0xCC, 0xCC}

// contentOfBytes looks at the beginning of a value, and at what it is the encoding of.
func contentOfBytes(text []byte, depth int) string {
	text = bytes.TrimLeft(text, " \t\r\n\"'`")
	if plain, wide := narrowed(text); wide {
		text = plain
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if bytes.HasPrefix(bytes.ToLower(text), []byte("data:")) {
		if _, data, found := bytes.Cut(text, []byte(",")); found {
			text = data
		}
	}
	upper := bytes.ToUpper(text)
	switch {
	case bytes.HasPrefix(text, blobMagic[:]):
		return contentBlob
	case bytes.HasPrefix(upper, []byte("AGE-ENCRYPTION.ORG/")):
		return contentSealed
	case bytes.HasPrefix(upper, []byte("-----BEGIN AGE ENCRYPTED")):
		return contentSealed
	case bytes.HasPrefix(upper, []byte("-----BEGIN")), bytes.HasPrefix(upper, []byte("AGE-SECRET-KEY-")),
		bytes.HasPrefix(upper, []byte("AGE-PLUGIN-")), holdsAgeKey(string(upper)):
		return contentKey
	case isJSONObject(text):
		return contentJSON
	case bytes.HasPrefix(upper, []byte("<?XML")), bytes.Contains(upper, []byte("<ACCOUNTDATA>")),
		bytes.HasPrefix(upper, []byte("<UNATTEND")):
		return contentXML
	case depth == 0:
		return ""
	}
	for _, decoded := range decodings(text) {
		switch found := contentOfBytes(decoded, depth-1); found {
		case contentBlob, contentKey, contentSealed:
			return found
		}
	}
	return ""
}

// holdsAgeKey reports whether upper-case text has an age key in it, such as below the comments of an identity file.
func holdsAgeKey(upper string) bool {
	_, after, found := strings.Cut(upper, "AGE-SECRET-KEY-")
	const enough = 20
	return found && len(after) >= enough && !strings.ContainsAny(after[:enough], "/\\. ")
}

// isJSONObject recognises {"…, { "… and {}; a template's {{ and a name such as {web}.djoin are none.
func isJSONObject(text []byte) bool {
	rest, opened := bytes.CutPrefix(text, []byte("{"))
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return opened && len(rest) > 0 && (rest[0] == '"' || rest[0] == '}')
}

// narrowed returns UTF-16 of Latin letters, in either byte order and with its mark or without, as bytes.
func narrowed(text []byte) (plain []byte, wide bool) {
	if len(text) < 4 {
		return nil, false
	}
	low := 0
	switch {
	case text[0] == 0xFF && text[1] == 0xFE:
		text = text[2:]
	case text[0] == 0xFE && text[1] == 0xFF:
		text, low = text[2:], 1
	case text[0] == 0 && text[1] != 0 && text[2] == 0 && text[3] != 0:
		low = 1
	case text[0] != 0 && text[1] == 0 && text[2] != 0 && text[3] == 0:
	default:
		return nil, false
	}
	units := make([]uint16, 0, len(text)/2)
	for i := 0; i+1 < len(text); i += 2 {
		units = append(units, uint16(text[i+low])|uint16(text[i+1-low])<<8)
	}
	return []byte(string(utf16.Decode(units))), true
}

// decodings returns what the beginning of a text is the base64 and the hex of.
func decodings(text []byte) (out [][]byte) {
	compact := bytes.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n', '"', '\'':
			return -1
		case '-':
			return '+' // of base64 for URLs
		case '_':
			return '/'
		}
		return r
	}, text)
	n := 0
	for n < len(compact) && strings.IndexByte(base64Letters, compact[n]) >= 0 {
		n++
	}
	const least = 12 // letters: enough for the beginning that is looked for
	if n -= n % 4; n >= least {
		if decoded, err := base64.StdEncoding.DecodeString(string(compact[:n])); err == nil {
			out = append(out, decoded)
		}
	}
	digits := bytes.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n-:,\"'", r) {
			return -1
		}
		return r
	}, bytes.TrimPrefix(bytes.ToLower(text), []byte("0x")))
	digits = bytes.ReplaceAll(digits, []byte("0x"), nil)
	digits = bytes.ReplaceAll(digits, []byte(`\x`), nil)
	decoded := make([]byte, hex.DecodedLen(len(digits)))
	if got, _ := hex.Decode(decoded, digits); got >= len(blobMagic) {
		out = append(out, decoded[:got])
	}
	return out
}

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
