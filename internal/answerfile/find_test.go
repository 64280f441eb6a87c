package answerfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// image makes a drive with a Windows directory. Files are named from the root of the drive.
func image(t *testing.T, files map[string]string) (img imagefs.Session, root string) {
	t.Helper()
	root = t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "Windows", "System32"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return opened(t, filepath.Join(root, "Windows")), root
}

func opened(t *testing.T, dir string) imagefs.Session {
	t.Helper()
	tree, err := localdir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	return tree
}

// driveless is an image whose drive is not known.
type driveless struct{ imagefs.Session }

func (driveless) DriveKnown() bool { return false }

func TestFind(t *testing.T) {
	t.Parallel()
	with := head + specialize(shell("amd64", "")) + tail
	without := head + oobe + tail
	used := strings.Replace(with, `"specialize"`, `"specialize" wasPassProcessed="true"`, 1)
	const (
		unattend = "Windows/Panther/Unattend/Unattend.xml"
		auto     = "Windows/Panther/Unattend/Autounattend.xml"
		cached   = "Windows/Panther/unattend.xml"
		sysprep  = "Windows/System32/Sysprep/Unattend.xml"
		root     = "unattend.xml"
	)
	for _, tt := range []struct {
		name    string
		files   map[string]string
		pointer string
		noDrive bool
		want    string // from the root of the drive
		order   int
		missing bool
		note    string
	}{
		{name: "nothing", want: cached, order: 3, missing: true, note: "removable media"},
		{
			name: "nothing, drive unseen", want: cached, order: 3, missing: true, noDrive: true,
			note: "root of the system drive was not looked at",
		},
		{
			name: "all", files: map[string]string{unattend: with, cached: with, sysprep: with, root: with}, want: unattend,
			order: 2, note: "Windows PE",
		},
		{name: "automatic", files: map[string]string{auto: with, cached: with}, want: auto, order: 2},
		{name: "cached", files: map[string]string{cached: with, sysprep: with}, want: cached, order: 3},
		{
			name: "sysprep", files: map[string]string{sysprep: with, root: with}, want: sysprep, order: 6,
			note: "removable media come before this one",
		},
		{
			name: "cached wins over a CD", files: map[string]string{cached: with}, want: cached, order: 3,
			note: "this answer file comes before those on removable media",
		},
		{
			name: "wrong name", files: map[string]string{"Windows/Panther/unattend-original.xml": with}, want: cached, order: 3,
			missing: true, note: "unattend-original.xml: only at",
		},
		{
			name: "wrong name in Sysprep", files: map[string]string{"Windows/System32/Sysprep/autounattend.xml": with}, want: cached,
			order: 3, missing: true, note: "Setup does not look at",
		},
		{
			name: "script that renames", want: cached, order: 3, missing: true, note: "SetupComplete.cmd renames the machine or joins",
			files: map[string]string{"Windows/Setup/Scripts/SetupComplete.cmd": "rem Rename-Computer\r\npowershell rename-computer X\r\n"},
		},
		{name: "root", files: map[string]string{root: with}, want: root, order: 7},
		{
			name: "other case", files: map[string]string{"Windows/panther/UNATTEND.XML": with},
			want: "Windows/panther/UNATTEND.XML", order: 3,
		},
		{
			name: "passed over", files: map[string]string{unattend: without, cached: without, sysprep: with}, want: sysprep,
			order: 6, note: "passes it over",
		},
		{
			name: "empty pass is passed over", files: map[string]string{unattend: head + specialize("") + tail, cached: with},
			want: cached, order: 3,
		},
		{name: "none has the pass", files: map[string]string{cached: without, sysprep: without}, want: cached, order: 3},
		{name: "empty file", files: map[string]string{unattend: "", cached: with}, want: cached, order: 3},
		{name: "used up", files: map[string]string{cached: used, sysprep: with}, want: cached, order: 3},
		{
			name: "used up, another before", files: map[string]string{unattend: without, cached: used}, want: unattend,
			order: 2,
		},
		{name: "broken", files: map[string]string{cached: "<", sysprep: with}, want: cached, order: 3},
		{
			name: "pointer", pointer: `C:\Windows\Setup\My.xml`,
			files: map[string]string{"Windows/Setup/my.xml": with, unattend: with}, want: "Windows/Setup/My.xml", order: 1,
		},
		{
			name: "pointer with variable", pointer: `"%windir%\my.xml"`, files: map[string]string{"Windows/my.xml": with},
			want: "Windows/my.xml", order: 1,
		},
		{
			name: "pointer to the root", pointer: "%SystemDrive%/Deploy/my.xml\x00",
			files: map[string]string{"Deploy/my.xml": with}, want: "Deploy/my.xml", order: 1,
		},
		{
			name: "pointer to nothing", pointer: `c:\windows\my.xml`, files: map[string]string{sysprep: with}, want: sysprep,
			order: 6, note: "does not exist",
		},
		{
			name: "pointer without the pass", pointer: `c:\windows\my.xml`,
			files: map[string]string{"Windows/my.xml": without, sysprep: with}, want: sysprep, order: 6,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			img, dir := image(t, tt.files)
			if tt.noDrive {
				img = driveless{img}
			}
			place, err := Find(img, tt.pointer)
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(dir, filepath.FromSlash(tt.want)); !strings.EqualFold(place.Path,
				want) || place.Order != tt.order || place.Exists() == tt.missing {
				t.Errorf("%s (%d), exists %v; want %s (%d)", place.Path, place.Order, place.Exists(), want, tt.order)
			}
			if !strings.Contains(strings.Join(place.Notes, "\n"), tt.note) {
				t.Errorf("notes %q, want %q", place.Notes, tt.note)
			}
			if place.Exists() && !tt.missing && string(place.Content) != tt.files[tt.want] && tt.name != "pointer" {
				t.Errorf("content %q", place.Content)
			}
		})
	}
}

// TestAboutMedia: what is said of removable media has the documented order, what does not work then, and the way out.
func TestAboutMedia(t *testing.T) {
	t.Parallel()
	for order, words := range map[int][]string{
		1: {
			"comes before those on removable media (documented)", "KubeVirt", "Nutanix", "config drive", "is not used at the first boot",
			"offlinejoin blob answer-file",
		},
		6: {"removable media come before this one (documented)", "remove any CD or stick", "or the join is not made"},
	} {
		for _, place := range [][]int{{1, 2, 3}, {6, 7}} {
			for _, at := range place {
				if (at > 3) != (order > 3) {
					continue
				}
				for _, word := range words {
					if got := aboutMedia(at); !strings.Contains(got, word) {
						t.Errorf("place %d: %q lacks %q", at, got, word)
					}
				}
			}
		}
	}
}

func TestFindIsQuietAboutWhatIsRight(t *testing.T) {
	t.Parallel()
	with := head + specialize(shell("amd64", "")) + tail
	img, _ := image(t, map[string]string{
		"Windows/Panther/unattend.xml": with, "Windows/System32/Sysprep/Unattend.xml": with, "unattend.xml": with,
		"Windows/Setup/Scripts/SetupComplete.cmd": ":: Add-Computer\r\n@REM netdom join\r\ndir\r\n", "Windows/Panther/setup.xml": "",
	})
	place, err := Find(img, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(place.Notes) != 1 {
		t.Errorf("notes %q, want the one about removable media", place.Notes)
	}
}

func TestLook(t *testing.T) {
	t.Parallel()
	const cached = "Windows/Panther/unattend.xml"
	for _, tt := range []struct{ name, content, machine, refused, replaces, note string }{
		{name: "good", content: head + specialize(shell("amd64", computerName("WEB07"))) + tail, machine: "WEB07"},
		{name: "any name", content: head + specialize(shell("amd64", computerName("*"))) + tail, note: "no particular name"},
		{
			name: "other join", content: head + specialize(unattendedJoin("amd64", credentials)) + tail,
			replaces: "Credentials, JoinDomain",
		},
		{name: "broken", content: head, refused: "is not a well-formed answer file"},
		{name: "a join for servicing", content: head + servicing("QUJDRA==") + tail, replaces: "OfflineIdentification"},
		{
			name: "a command that renames", note: "renames the machine",
			content: head + specialize("        "+opening("Microsoft-Windows-Deployment", "amd64")+"><RunSynchronous><RunSynchronousCommand>"+
				"<Path>wmic computersystem where name=\"A\" call rename name=\"B\"</Path></RunSynchronousCommand></RunSynchronous></component>\n") + tail,
		},
		{
			name:    "shell twice",
			content: head + specialize(shell("amd64", "")+shell("amd64", "")) + tail, refused: "2 times in its pass specialize",
		},
	} {
		img, root := image(t, map[string]string{cached: tt.content})
		p := Look(img, "", "amd64", false)
		if !p.Exists || p.Order != 3 || p.Path != filepath.Join(root, filepath.FromSlash(cached)) || p.MachineName != tt.machine {
			t.Errorf("%s: %+v", tt.name, p)
		}
		for got, want := range map[string]string{p.Refused: tt.refused, p.Replaces: tt.replaces, strings.Join(p.Notes, "\n"): tt.note} {
			if !strings.Contains(got, want) || want == "" && got != "" && !strings.Contains(got, "removable media") {
				t.Errorf("%s: %q, want %q", tt.name, got, want)
			}
		}
	}
	img, _ := image(t, nil)
	if p := Look(img, "", "amd64", false); p.Exists || p.Path == "" || p.Refused != "" {
		t.Errorf("without a file: %+v", p)
	}
}

func TestFindRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, pointer string
		files         map[string]string
		noDrive       bool
		code          winerr.Code
		words         string
	}{
		{name: "other drive", pointer: `D:\unattend.xml`, code: winerr.NotSupported, words: `use D:\unattend.xml`},
		{name: "network", pointer: `\\server\share\unattend.xml`, code: winerr.NotSupported, words: "delete the value"},
		{name: "relative", pointer: "unattend.xml", code: winerr.NotSupported, words: "cannot be seen"},
		{name: "out", pointer: `C:\Windows\..\..\etc\passwd`, code: winerr.NotSupported, words: "cannot be seen"},
		{name: "stream", pointer: `C:\Windows\a.xml:b`, code: winerr.NotSupported, words: "cannot be seen"},
		{name: "variable", pointer: `%TEMP%\a.xml`, code: winerr.NotSupported, words: "cannot be seen"},
		{
			name: "drive not given", pointer: `C:\a.xml`, noDrive: true, code: winerr.NotSupported,
			words: "root of the drive was not given",
		},
		{name: "the drive itself", pointer: `C:\`, code: winerr.NotSupported, words: "cannot be seen"},
		{
			name: "both names",
			files: map[string]string{
				"Windows/Panther/Unattend/Unattend.xml":     "",
				"Windows/Panther/Unattend/Autounattend.xml": "",
			},
			code: winerr.InvalidParameter, words: "keep one",
		},
		{
			name: "too large", files: map[string]string{"Windows/Panther/unattend.xml": strings.Repeat(" ", MaxSize+1)},
			code: winerr.InvalidParameter, words: "larger than 4 MiB",
		},
		{
			name: "directory", files: map[string]string{"Windows/Panther/unattend.xml/x": ""}, code: winerr.InvalidParameter,
			words: "a directory",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			img, _ := image(t, tt.files)
			if tt.noDrive {
				img = driveless{img}
			}
			_, err := Find(img, tt.pointer)
			if code, _ := winerr.CodeOf(err); code != tt.code || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("%v, want %v and %q", err, tt.code, tt.words)
			}
		})
	}
}

func TestFindFollowsNoLink(t *testing.T) {
	t.Parallel()
	img, root := image(t, nil)
	outside := filepath.Join(t.TempDir(), "unattend.xml")
	if err := os.WriteFile(outside, []byte(head+tail), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "Windows", "Panther"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(root, "Windows", "Panther", "unattend.xml")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	_, err := Find(img, "")
	if code, _ := winerr.CodeOf(err); code != winerr.InvalidParameter || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("%v", err)
	}
}
