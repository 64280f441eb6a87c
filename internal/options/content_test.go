package options_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// wide returns text as UTF-16.
func wide(text string, bigEndian bool) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		if bigEndian {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

// contents are spellings of what must never be taken for a path, with what the refusal calls it.
func contents(t *testing.T) map[string][2]string {
	t.Helper()
	blob, err := sample.Blob()
	if err != nil {
		t.Fatal(err)
	}
	raw := blob.Bytes()
	text := base64.StdEncoding.EncodeToString(raw)
	sealed := sampletest.SealedBlob(t)
	const key = "AGE-SECRET-KEY-1QQPQYXYXYXYXYXYXYXYXYXYXYXYXYXYXYXYXYXYXYXYXYXYXYX"
	return map[string][2]string{
		"raw":                     {string(raw), "a blob"},
		"base64":                  {text, "a blob"},
		"base64 in lines":         {text[:64] + "\n" + text[64:], "a blob"},
		"base64 quoted":           {`"` + text + `"`, "a blob"},
		"base64 after blanks":     {"  \n" + text, "a blob"},
		"base64 for URLs":         {base64.RawURLEncoding.EncodeToString(raw), "a blob"},
		"its beginning":           {text[:24], "a blob"},
		"djoin's file":            {string(blob.DjoinFile()), "a blob"},
		"base64 of djoin's file":  {base64.StdEncoding.EncodeToString(blob.DjoinFile()), "a blob"},
		"UTF-16BE":                {string(wide(text, true)), "a blob"},
		"UTF-16LE, no mark":       {string(wide(text, false)), "a blob"},
		"UTF-8 with its mark":     {"\ufeff" + text, "a blob"},
		"base64 of base64":        {base64.StdEncoding.EncodeToString([]byte(text)), "a blob"},
		"hex":                     {hex.EncodeToString(raw), "a blob"},
		"HEX":                     {strings.ToUpper(hex.EncodeToString(raw)), "a blob"},
		"0x hex":                  {"0x" + hex.EncodeToString(raw), "a blob"},
		"hex with colons":         {"01:10:08:00:cc:cc:cc:cc:00:01", "a blob"},
		"hex of a registry file":  {"01,10,08,00,cc,cc,cc,cc,00,01", "a blob"},
		"data URI":                {"data:application/octet-stream;base64," + text, "a blob"},
		"age key":                 {key, "a private key"},
		"age key in lower case":   {strings.ToLower(key), "a private key"},
		"identity file":           {sealed.Identity, "a private key"},
		"identity with comments":  {"# created: 2026-01-01\n# public key: age1qqq\n" + key + "\n", "a private key"},
		"age key after a path":    {"./" + key, "a private key"},
		"base64 of a key":         {base64.StdEncoding.EncodeToString([]byte(key)), "a private key"},
		"SSH key":                 {"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n", "a private key"},
		"age header":              {"age-encryption.org/v1\n-> X25519 abc\n", "an encrypted blob"},
		"age armour":              {"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", "an encrypted blob"},
		"base64 of an age file":   {base64.StdEncoding.EncodeToString([]byte("age-encryption.org/v1\n-> X25519")), "an encrypted blob"},
		"JSON":                    {`{"blob": "x"}`, "JSON"},
		"JSON in lines":           {"{\n  \"blob\": \"x\"\n}", "JSON"},
		"answer file":             {`<?xml version="1.0"?><unattend/>`, "an answer file"},
		"lines":                   {"one\ntwo", "content"},
		"an over-long name":       {"/mnt/" + strings.Repeat("a", 256) + "/x", "so long a name"},
		"an over-long last name":  {`C:\` + strings.Repeat("a", 256), "so long a name"},
		"the secret after a path": {"/work/-----BEGIN PRIVATE KEY-----", "a private key"},
	}
}

func TestContentIsNoPath(t *testing.T) {
	t.Parallel()
	for name, c := range contents(t) {
		err := options.NotContent(options.BlobFile, c[0], options.BlobWO)
		if code, _ := winerr.CodeOf(err); code != winerr.InvalidParameter || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: error %v, want one about %q", name, err, c[1])
			continue
		}
		if got := strings.Contains(err.Error(), "blob_wo"); got != (c[1] == "a blob") {
			t.Errorf("%s: names blob_wo: %v: %v", name, got, err)
		}
		if strings.Contains(err.Error(), c[0]) || strings.ContainsAny(err.Error(), "\r\n\x00") || len(err.Error()) > 300 {
			t.Errorf("%s: shows the content: %q", name, err)
		}
	}
}

// Every reader of a path refuses contents by itself, whoever calls it.
func TestNoReaderTakesContent(t *testing.T) {
	t.Parallel()
	for name, c := range contents(t) {
		_, _, blobErr := options.ReadBlobFile(c[0], "")
		_, _, sealedErr := options.ReadSealedBlobFile(c[0], "")
		_, _, identityErr := options.ReadBlobFile(sampletest.SealedBlob(t).File, c[0])
		_, recipientsErr := options.ReadRecipientsFile(c[0])
		_, pathErr := options.JoinWords{PlaceWords: options.PlaceWords{WindowsPath: c[0]}}.Request()
		_, programErr := options.JoinWords{CompletionProgram: c[0]}.Request()
		_, ledgerErr := options.JoinWords{LedgerFile: c[0]}.Request()
		_, backupErr := options.JoinWords{Backup: c[0]}.Request()
		for option, err := range map[string]error{
			"blob_file": blobErr, "blob_file ": sealedErr, "identity_file": identityErr, "recipients_file": recipientsErr,
			"windows_path": pathErr, "completion_program": programErr, "ledger_file": ledgerErr, "backup": backupErr,
			"report_file": options.CheckReport(c[0]),
		} {
			if err == nil || !strings.HasPrefix(err.Error(), strings.TrimSpace(option)+" wants a path") {
				t.Errorf("%s as %s: error %.200v", name, option, err)
			}
		}
	}
}

func TestPathsAreNoContent(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"", "-", ".", "/", "web01.djoin", "/mnt/web01/Windows", `C:\img\Windows`, `\\?\C:\img\Windows`, `\\server\share\Windows`,
		"~/secrets/web01.djoin.age", "keys/stager.key", "{web}.djoin", "{{ .MountPath }}/Windows", "{{.X}}", "<unknown>",
		"ARAIAMzM", "01100800", "data/web.b64", "/data:x/y,z", "key BEGIN.txt", "age-keys/AGE-SECRET-KEY-.txt",
		"/" + strings.Repeat(strings.Repeat("a", 255)+"/", 15), "ünïcödé/Wïndows", "deadbeefdeadbeefdeadbeefdeadbeef",
		strings.Repeat("QUJD", 50),
	} {
		if err := options.NotContent(options.BlobFile, path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// FuzzNotContent: no value makes it panic, and no refusal shows the value.
func FuzzNotContent(f *testing.F) {
	f.Add([]byte("ARAIAMzMzMzAAA=="))
	f.Add([]byte("\xff\xfeA\x00R\x00A\x00I\x00A\x00M\x00z\x00M\x00z\x00M\x00z\x00"))
	f.Add([]byte("data:,0x01100800cccccccc"))
	f.Fuzz(func(t *testing.T, value []byte) {
		err := options.NotContent(options.LedgerFile, string(value))
		if err != nil && len(value) > 40 && bytes.Contains([]byte(err.Error()), value) {
			t.Errorf("%q is shown: %v", value, err)
		}
	})
}
