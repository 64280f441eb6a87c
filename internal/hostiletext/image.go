package hostiletext

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// Folder makes a folder whose own name is hostile, where the system allows such names.
func Folder(t testing.TB) string {
	t.Helper()
	folder := t.TempDir()
	if runtime.GOOS == "windows" {
		return folder
	}
	folder = filepath.Join(folder, Path("folder"))
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return folder
}

// Image makes an image in which every text is hostile that one which takes a join may have so, in a folder that is called
// so, too, and with logs. It returns the Windows directory.
func Image(t testing.TB) string {
	t.Helper()
	return image(t, sample.Image{})
}

// StrangeImage is [Image] with a hostile ProductType and ImageState, which no join fits.
func StrangeImage(t testing.TB) string {
	t.Helper()
	return image(t, sample.Image{
		ProductType: In("ProductType"), ImageState: In("ImageState"), Build: In("Build"), Architecture: In("Architecture"),
	})
}

// GeneralizedImage is [Image] after sysprep, with an answer file whose texts are hostile as far as XML has such
// characters, and a value UnattendFile that leads to it when pointer is "".
func GeneralizedImage(t testing.TB, pointer string) string {
	t.Helper()
	windows := image(t, sample.Image{ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"})
	evil := xmlText(In("AnswerFile"))
	write(t, filepath.Join(windows, "Panther", "unattend.xml"), []byte(`<?xml version="1.0" encoding="utf-8"?>
<unattend xmlns="urn:schemas-microsoft-com:unattend"><settings pass="specialize">
<component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35"
 language="neutral" versionScope="nonSxS"><ComputerName>`+evil+`</ComputerName></component>
<component name="Microsoft-Windows-UnattendedJoin" processorArchitecture="`+evil+`" publicKeyToken="31bf3856ad364e35"
 language="neutral" versionScope="nonSxS"><Identification><JoinWorkgroup>`+evil+`</JoinWorkgroup></Identification></component>
</settings></unattend>`))
	set(t, windows, "SYSTEM", completion.SetupKey, map[string]string{"UnattendFile": pointer})
	return windows
}

// xmlText drops what XML 1.0 cannot hold, and writes line breaks so that they stay.
func xmlText(s string) string {
	return strings.NewReplacer("\x1b", "", "\x07", "", "\r", "&#13;", "\n", "&#10;").Replace(s)
}

func image(t testing.TB, im sample.Image) string {
	t.Helper()
	im.ProductName, im.EditionID, im.InstallationType = In("ProductName"), In("EditionID"), In("InstallationType")
	im.ComputerName = In("ComputerName")
	windows := filepath.Join(Folder(t), "Windows")
	if err := os.Rename(sampletest.Image(t, im), windows); err != nil {
		t.Fatal(err)
	}
	const params = `ControlSet001\Services\Tcpip\Parameters`
	set(t, windows, "SYSTEM", params, map[string]string{"NV Hostname": In("HostName"), "NV Domain": In("DNSSuffix")})
	set(t, windows, "SYSTEM", completion.SetupKey, map[string]string{completion.ValueCmdLine: In("CmdLine")})
	policy(t, windows, `Policy\PolPrDmN`, In("Workgroup"))
	for _, name := range []string{
		"debug/NetSetup.log", "debug/offlinejoin.log", "Panther/setuperr.log", "Panther/UnattendGC/setuperr.log",
	} {
		text := []byte("a line before\r\n" + strings.ReplaceAll(In(filepath.Base(name)), "\n", ""))
		if name == "Panther/setuperr.log" {
			text = append([]byte("\xff\xfe"), regf.TextData(string(text))...)
		}
		write(t, filepath.Join(windows, filepath.FromSlash(name)), text)
	}
	return windows
}

// Record writes a record under the registry contract whose every text is hostile but those that are given.
func Record(t testing.TB, windows string, given map[string]string) {
	t.Helper()
	texts := map[string]string{}
	for _, name := range RecordTexts() {
		texts[name] = In(name)
		if text, is := given[name]; is {
			texts[name] = text
		}
	}
	set(t, windows, "SYSTEM", completion.Key, texts)
	sampletest.Edit(t, windows, "SYSTEM", func(h *regf.Hive) error {
		k, err := h.Key(completion.Key)
		if err != nil {
			return err
		}
		return errors.Join(
			k.SetValue(completion.ValueVersion, regf.DWORD, regf.DWORDData(completion.Version)),
			k.SetValue(completion.ValueAttempts, regf.DWORD, regf.DWORDData(1)),
			k.SetValue(In("ValueName"), regf.SZ, regf.TextData("x")),
		)
	})
	set(t, windows, "SYSTEM", completion.Key+`\`+strings.ReplaceAll(In("KeyName"), `\`, ""), map[string]string{"a": "b"})
}

// RecordTexts are the values of the registry contract that hold text.
func RecordTexts() []string {
	return []string{
		completion.ValueMethod, completion.ValueState, completion.ValueFingerprint, completion.ValueMachineName,
		completion.ValueDomain, completion.ValueStagedAt, completion.ValueCompletedAt, completion.ValueStagedBy,
		completion.ValueBlobSHA256, completion.ValuePreviousCmdLine, completion.ValueResultText, completion.ValueAnswerFile,
	}
}

// Member makes the image a member of a domain with hostile names.
func Member(t testing.TB, windows string) {
	t.Helper()
	sampletest.Member(t, windows)
	policy(t, windows, `Policy\PolDnDDN`, In("DomainName"))
}

// policy sets a text of the SECURITY hive as the security authority keeps it: length, capacity, offset, UTF-16LE.
func policy(t testing.TB, windows, key, text string) {
	t.Helper()
	length := byte(2 * len(utf16.Encode([]rune(text))))
	data := append([]byte{length, 0, length, 0, 8, 0, 0, 0}, regf.TextData(text)...)
	sampletest.Edit(t, windows, "SECURITY", func(h *regf.Hive) error {
		k, _, err := h.CreateKey(key, nil)
		if err != nil {
			return err
		}
		return k.SetValue("", regf.None, data)
	})
}

func set(t testing.TB, windows, hive, key string, texts map[string]string) {
	t.Helper()
	sampletest.Edit(t, windows, hive, func(h *regf.Hive) error {
		k, _, err := h.CreateKey(key, nil)
		for name, text := range texts {
			if err == nil {
				err = k.SetValue(name, regf.SZ, regf.TextData(text))
			}
		}
		return err
	})
}

func write(t testing.TB, file string, content []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, content, 0o600)); err != nil {
		t.Fatal(err)
	}
}
