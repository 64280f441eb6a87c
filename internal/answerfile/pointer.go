package answerfile

import (
	"io/fs"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// systemDrive is the letter that the drive of Windows has when it runs (inferred: an image that is booted from its own
// disk gets C:, whatever letters there were when it was built).
const systemDrive = "C:"

// resolve turns the value UnattendFile into a place in the image, such as `C:\Windows\Panther\my.xml`,
// `%WINDIR%\my.xml` or `%SYSTEMDRIVE%\my.xml`.
func resolve(windows, drive imagefs.FS, pointer string) (location, error) {
	path := strings.Trim(strings.ReplaceAll(strings.Trim(pointer, blanks+"\x00"), "/", `\`), `"`)
	for variable, value := range map[string]string{
		"%WINDIR%": systemDrive + `\Windows`, "%SYSTEMROOT%": systemDrive + `\Windows`, "%SYSTEMDRIVE%": systemDrive,
	} {
		if len(path) >= len(variable) && strings.EqualFold(path[:len(variable)], variable) {
			path = value + path[len(variable):]
		}
	}
	onDrive, ok := cutFold(path, systemDrive+`\`)
	name := strings.ReplaceAll(onDrive, `\`, "/")
	if !ok || !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, `:%*?"<>|`) {
		return location{}, unseen(pointer, "that place cannot be seen in the image")
	}
	if inWindows, ok := cutFold(name, "Windows/"); ok {
		return location{tree: windows, name: inWindows}, nil
	}
	if drive == nil {
		return location{}, unseen(pointer, "that is above the Windows directory, and the root of the drive was not given")
	}
	return location{tree: drive, onDrive: true, name: name}, nil
}

func unseen(pointer, why string) error {
	return winerr.Errorf(winerr.NotSupported,
		`HKLM\SYSTEM\Setup\UnattendFile tells Setup to use %s, but %s: point it to a file `+
			`in the Windows directory, such as C:\Windows\Panther\unattend.xml, or delete the value`, printable(pointer), why)
}

func cutFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
