package winimage_test

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

func TestSampleServer(t *testing.T) {
	t.Parallel()
	windows := sampleTree(t, sample.Image{})
	im := mustOpen(t, windows, winimage.Write)
	want := winimage.Facts{
		WindowsPath: windows, ProductName: "Windows Server 2022 Standard", EditionID: "ServerStandard",
		InstallationType: "Server", Build: 20348, UBR: 2700, BuildText: "20348.2700", Architecture: winimage.AMD64,
		ProductType: winimage.ProductServer, Phase: winimage.PhaseInstalled, ImageState: "IMAGE_STATE_COMPLETE",
		ControlSet: "ControlSet001", ComputerName: "WIN-7Q2K", HostName: "WIN-7Q2K",
	}
	for _, name := range []string{"SYSTEM", "SOFTWARE", "SECURITY", "SAM"} {
		want.Hives = append(want.Hives, winimage.HiveFacts{
			Name: name, Path: configFile(windows, name), State: winimage.HiveClean,
		})
	}
	if diff := cmp.Diff(want, im.Facts()); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	must(t, im.CheckHives())
	must(t, im.CheckJoinable())
	must(t, im.CheckRegistryMethod())
}

func TestJoinableRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		image sample.Image
		words string
	}{
		{"domain controller", sample.Image{ProductType: "LanmanNT"}, "is a domain controller"},
		{"domain controller, other case", sample.Image{ProductType: "lanmannt"}, "is a domain controller"},
		{"unknown kind", sample.Image{ProductType: "Toaster"}, `ProductType "Toaster"`},
		{"home", sample.Image{ProductType: "WinNT", EditionID: "Core"}, "cannot join a domain (Core:"},
		{"home N", sample.Image{ProductType: "WinNT", EditionID: "CoreN"}, "cannot join a domain"},
		{"home, one language", sample.Image{ProductType: "WinNT", EditionID: "CoreSingleLanguage"}, "cannot join a domain"},
		{"home, one country", sample.Image{ProductType: "WinNT", EditionID: "CoreCountrySpecific"}, "cannot join a domain"},
		{"10 S", sample.Image{ProductType: "WinNT", EditionID: "Cloud"}, "cannot join a domain (Cloud:"},
		{"Nano Server", sample.Image{InstallationType: "Nano Server"}, "Nano Server"},
		{"Nano Server by its edition", sample.Image{EditionID: "ServerStandardNano"}, "Nano Server"},
		{"S mode", sample.Image{ProductType: "WinNT", EditionID: "Professional", SMode: true}, "S mode"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			windows := sampleTree(t, tt.image)
			im := mustOpen(t, windows, winimage.Write)
			must(t, im.CheckHives())
			wantCode(t, im.CheckJoinable(), winerr.NotSupported, windows, tt.words)
		})
	}
}

func TestRegistryMethod(t *testing.T) {
	t.Parallel()
	const generalized = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
	tests := []struct {
		name  string
		image sample.Image
		code  winerr.Code // Success: accepted
		words string
	}{
		{"Windows 10 1507", sample.Image{Build: "10240"}, winerr.Success, ""},
		{"arm64", sample.Image{Architecture: "ARM64"}, winerr.Success, ""},
		{"Windows 8.1", sample.Image{Build: "9600"}, winerr.TargetVersionUnsupported, "is build 9600"},
		{"no number", sample.Image{Build: "newest"}, winerr.TargetVersionUnsupported, "does not tell its build"},
		{"huge number", sample.Image{Build: "4294967296"}, winerr.TargetVersionUnsupported, "does not tell its build"},
		{"x86", sample.Image{Architecture: "x86"}, winerr.Success, ""},
		{"Itanium", sample.Image{Architecture: "IA64"}, winerr.NotSupported, "does not tell its processor"},
		{"generalized", sample.Image{ImageState: generalized}, winerr.NotSupported, "one that runs Windows Setup"},
		{"undeployable", sample.Image{ImageState: "IMAGE_STATE_UNDEPLOYABLE"}, winerr.NotSupported, "install it again"},
		{"unheard-of state", sample.Image{ImageState: "IMAGE_STATE_NEW"}, winerr.NotSupported, "runs Windows Setup"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			im := mustOpen(t, sampleTree(t, tt.image), winimage.Read)
			must(t, im.CheckJoinable())
			if err := im.CheckRegistryMethod(); tt.code != winerr.Success {
				wantCode(t, err, tt.code, tt.words)
			} else {
				must(t, err)
			}
		})
	}
}

func TestPhase(t *testing.T) {
	t.Parallel()
	absent := func(t *testing.T, windows string) {
		edit(t, windows, "SOFTWARE", func(h *regf.Hive) {
			must(t, h.DeleteKey(`Microsoft\Windows\CurrentVersion\Setup`))
		})
	}
	setup := func(name string, n uint32) func(*testing.T, string) {
		return func(t *testing.T, windows string) {
			edit(t, windows, "SYSTEM", func(h *regf.Hive) { set(t, h, "Setup", name, regf.DWORD, regf.DWORDData(n)) })
		}
	}
	command := func(cmd string) func(*testing.T, string) {
		return func(t *testing.T, windows string) {
			edit(t, windows, "SYSTEM", func(h *regf.Hive) { set(t, h, "Setup", "CmdLine", regf.SZ, regf.TextData(cmd)) })
		}
	}
	type edits []func(*testing.T, string)
	tests := []struct {
		name  string
		state string
		edits edits
		want  winimage.Phase
	}{
		{"complete", "IMAGE_STATE_COMPLETE", nil, winimage.PhaseInstalled},
		{"to OOBE", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE", nil, winimage.PhaseGeneralized},
		{"to audit, lower case", "image_state_generalize_reseal_to_audit", nil, winimage.PhaseGeneralized},
		{"specialized", "IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE", nil, winimage.PhaseSpecialized},
		{"undeployable", "IMAGE_STATE_UNDEPLOYABLE", nil, winimage.PhaseUndeployable},
		{"absent", "", edits{absent}, winimage.PhaseInstalled},
		{"absent, Setup in progress", "", edits{absent, setup("SystemSetupInProgress", 1)}, winimage.PhaseSetup},
		{"complete, Setup in progress", "", edits{setup("SystemSetupInProgress", 1)}, winimage.PhaseSetup},
		{"complete, OOBE in progress", "", edits{setup("OOBEInProgress", 1)}, winimage.PhaseSetup},
		{"windeploy", "", edits{setup("SetupType", 2), command(`oobe\windeploy.exe`)}, winimage.PhaseSetup},
		{"windeploy, not armed", "", edits{command(`oobe\windeploy.exe`)}, winimage.PhaseInstalled},
		{"our own hook", "", edits{setup("SetupType", 2), command("odjboot.exe")}, winimage.PhaseInstalled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			windows := sampleTree(t, sample.Image{ImageState: tt.state})
			for _, e := range tt.edits {
				e(t, windows)
			}
			f := mustOpen(t, windows, winimage.Read).Facts()
			if f.Phase != tt.want {
				t.Errorf("phase %q, want %q", f.Phase, tt.want)
			}
			warned := strings.Contains(strings.Join(f.Warnings, "\n"), "no ImageState")
			if warned != (f.ImageState == "") {
				t.Errorf("warnings %q with ImageState %q", f.Warnings, f.ImageState)
			}
		})
	}
}

func TestPendingJoins(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, key, value, want string
	}{
		{"empty DJOIN", `Setup\DJOIN`, "", ""},
		{"DJOIN with a value", `Setup\DJOIN`, "x", `SYSTEM\Setup\DJOIN`},
		{"DJOIN with a subkey", `Setup\DJOIN\sub`, "", `SYSTEM\Setup\DJOIN`},
		{
			"OfflineJoin", `ControlSet001\Control\Lsa\OfflineJoin`, "",
			`SYSTEM\ControlSet001\Control\Lsa\OfflineJoin`,
		},
		{
			"JoinDomain", `ControlSet001\Services\Netlogon\JoinDomain`, "",
			`SYSTEM\ControlSet001\Services\Netlogon\JoinDomain`,
		},
		{"in a control set that is not used", `ControlSet002\Services\Netlogon\JoinDomain`, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			windows := sampleTree(t, sample.Image{})
			edit(t, windows, "SYSTEM", func(h *regf.Hive) {
				if tt.value != "" {
					set(t, h, tt.key, tt.value, regf.Binary, []byte{1})
					return
				}
				_, _, err := h.CreateKey(tt.key, nil)
				must(t, err)
			})
			var got []string
			for _, p := range mustOpen(t, windows, winimage.Read).Facts().PendingJoins {
				got = append(got, p.Key)
			}
			if strings.Join(got, ",") != tt.want {
				t.Errorf("pending joins %q, want %q", got, tt.want)
			}
		})
	}
}

// domainSID is S-1-5-21-1-2-3.
var domainSID = []byte{1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}

func policyText(s string) []byte {
	text := regf.TextData(s)
	b := binary.LittleEndian.AppendUint16(nil, uint16(len(text)-2))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	return append(binary.LittleEndian.AppendUint32(b, 8), text...)
}

func TestMembership(t *testing.T) {
	t.Parallel()
	joined := winimage.Membership{
		Joined: true, DomainSID: "S-1-5-21-1-2-3", DomainName: "corp.example.com", NetBIOSName: "CORP", MachineSecret: true,
	}
	tests := []struct {
		name   string
		change func(t *testing.T, h *regf.Hive)
		want   winimage.Membership
		damage bool
	}{
		{"member", func(t *testing.T, h *regf.Hive) {
			set(t, h, `Policy\PolPrDmS`, "", regf.None, domainSID)
			set(t, h, `Policy\PolPrDmN`, "", regf.None, policyText("CORP"))
			set(t, h, `Policy\PolDnDDN`, "", regf.None, policyText("corp.example.com"))
			set(t, h, `Policy\Secrets\$MACHINE.ACC\CurrVal`, "", regf.None, []byte("secret"))
		}, joined, false},
		{"workgroup", func(t *testing.T, h *regf.Hive) {
			set(t, h, `Policy\PolPrDmS`, "", regf.None, nil)
			set(t, h, `Policy\PolPrDmN`, "", regf.None, policyText("WORKGROUP"))
		}, winimage.Membership{Workgroup: "WORKGROUP"}, false},
		{"null SID", func(t *testing.T, h *regf.Hive) {
			set(t, h, `Policy\PolPrDmS`, "", regf.None, []byte{1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
		}, winimage.Membership{}, false},
		{"zeros", func(t *testing.T, h *regf.Hive) {
			set(t, h, `Policy\PolPrDmS`, "", regf.None, make([]byte, 24))
		}, winimage.Membership{}, false},
		{"left the domain", func(t *testing.T, h *regf.Hive) {
			set(t, h, `Policy\Secrets\$MACHINE.ACC\CurrVal`, "", regf.None, []byte("secret"))
		}, winimage.Membership{MachineSecret: true}, false},
		{"never booted", func(t *testing.T, h *regf.Hive) {
			must(t, h.DeleteKey("Policy"))
		}, winimage.Membership{}, false},
		{"names that lie about their length", func(t *testing.T, h *regf.Hive) {
			bad := policyText("CORP")
			bad[0] = 0xFE
			set(t, h, `Policy\PolPrDmN`, "", regf.None, bad)
			set(t, h, `Policy\PolDnDDN`, "", regf.None, []byte{2, 0, 2, 0, 0xFF, 0xFF, 0xFF, 0xFF, 'x', 0})
		}, winimage.Membership{}, false},
		{"cut SID", func(t *testing.T, h *regf.Hive) {
			set(t, h, `Policy\PolPrDmS`, "", regf.None, domainSID[:20])
		}, winimage.Membership{}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			windows := sampleTree(t, sample.Image{})
			edit(t, windows, "SECURITY", func(h *regf.Hive) { tt.change(t, h) })
			im := mustOpen(t, windows, winimage.Read)
			if diff := cmp.Diff(tt.want, im.Facts().Membership); diff != "" {
				t.Errorf("membership (-want +got):\n%s", diff)
			}
			if err := im.CheckHives(); tt.damage {
				wantCode(t, err, winerr.CantLoadOfflineHive, "PolPrDmS holds no security identifier")
			} else {
				must(t, err)
			}
		})
	}
}

func TestValuesOfWrongTypesCountAsAbsent(t *testing.T) {
	t.Parallel()
	windows := sampleTree(t, sample.Image{})
	edit(t, windows, "SOFTWARE", func(h *regf.Hive) {
		const version = `Microsoft\Windows NT\CurrentVersion`
		set(t, h, version, "ProductName", regf.DWORD, regf.DWORDData(7))
		set(t, h, version, "EditionID", regf.SZ, []byte{'C'})
		set(t, h, version, "UBR", regf.SZ, regf.TextData("2700"))
		set(t, h, version, "InstallationType", regf.SZ, regf.TextData(strings.Repeat("x", 40_000)))
		set(t, h, version, "CurrentBuild", regf.SZ, regf.TextData("Evil\x1b]0;title\a"))
		set(t, h, version, "CurrentBuildNumber", regf.Binary, []byte{1})
	})
	edit(t, windows, "SYSTEM", func(h *regf.Hive) {
		set(t, h, "Setup", "CmdLine", regf.SZ, regf.TextData("a\x1b[2Jb"))
		set(t, h, "Setup", "SetupType", regf.DWORD, []byte{2})
	})
	im := mustOpen(t, windows, winimage.Read)
	must(t, im.CheckHives())
	f := im.Facts()
	if f.ProductName != "" || f.EditionID != "" || f.UBR != 0 || f.InstallationType != "" || f.BuildText != "" {
		t.Errorf("facts %+v", f)
	}
	if f.Setup.SetupType != 0 || f.Setup.CmdLine != "a\ufffd[2Jb" {
		t.Errorf("setup %+v", f.Setup)
	}
}

func TestControlSet(t *testing.T) {
	t.Parallel()
	choose := func(next uint32) func(t *testing.T, h *regf.Hive) {
		return func(t *testing.T, h *regf.Hive) {
			set(t, h, "Select", "Default", regf.DWORD, regf.DWORDData(next))
			set(t, h, `ControlSet002\Control\ComputerName\ComputerName`, "ComputerName", regf.SZ, regf.TextData("SECOND"))
			set(t, h, `ControlSet002\Services\Tcpip\Parameters`, "HostName", regf.SZ, regf.TextData("second"))
		}
	}
	t.Run("the next boot's", func(t *testing.T) {
		t.Parallel()
		windows := sampleTree(t, sample.Image{})
		edit(t, windows, "SYSTEM", func(h *regf.Hive) { choose(2)(t, h) })
		f := mustOpen(t, windows, winimage.Read).Facts()
		if f.ControlSet != "ControlSet002" || f.ComputerName != "SECOND" || f.HostName != "second" {
			t.Errorf("facts %+v", f)
		}
		if len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0], "control set 2, the last one used 1") {
			t.Errorf("warnings %q", f.Warnings)
		}
	})
	for name, change := range map[string]func(t *testing.T, h *regf.Hive){
		"missing":   choose(7),
		"too large": choose(1000),
		"no Select": func(t *testing.T, h *regf.Hive) { must(t, h.DeleteKey("Select")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			windows := sampleTree(t, sample.Image{})
			edit(t, windows, "SYSTEM", func(h *regf.Hive) { change(t, h) })
			_, err := open(t, windows, winimage.Read)
			wantCode(t, err, winerr.CantLoadOfflineHive, "names no control set")
		})
	}
}

func TestArchitectureFromPrograms(t *testing.T) {
	t.Parallel()
	program := func(machine uint16) []byte {
		b := make([]byte, 0x48)
		copy(b, "MZ")
		b[0x3C] = 0x40
		copy(b[0x40:], "PE\x00\x00")
		binary.LittleEndian.PutUint16(b[0x44:], machine)
		return b
	}
	far := program(0x8664)
	binary.LittleEndian.PutUint32(far[0x3C:], 0xFFFFFFF0)
	tests := []struct {
		name  string
		files map[string][]byte
		want  winimage.Architecture
	}{
		{"amd64", map[string][]byte{"ntoskrnl.exe": program(0x8664)}, winimage.AMD64},
		{"arm64", map[string][]byte{"NTOSKRNL.EXE": program(0xAA64)}, winimage.ARM64},
		{"x86 by ntdll", map[string][]byte{"ntoskrnl.exe": []byte("junk"), "ntdll.dll": program(0x14C)}, winimage.X86},
		{"cut", map[string][]byte{"ntoskrnl.exe": program(0x8664)[:0x45]}, ""},
		{"header far away", map[string][]byte{"ntoskrnl.exe": far}, ""},
		{"another machine", map[string][]byte{"ntoskrnl.exe": program(0x200)}, ""},
		{"none", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			windows := sampleTree(t, sample.Image{Architecture: "unheard-of"})
			for name, data := range tt.files {
				must(t, os.WriteFile(filepath.Join(windows, "System32", name), data, 0o600))
			}
			if got := mustOpen(t, windows, winimage.Read).Facts().Architecture; got != tt.want {
				t.Errorf("architecture %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDisplayName(t *testing.T) {
	t.Parallel()
	tests := []struct {
		facts winimage.Facts
		want  string
	}{
		{winimage.Facts{ProductName: "Windows 10 Pro", Build: 26100, ProductType: "WinNT"}, "Windows 11 Pro"},
		{winimage.Facts{ProductName: "Windows 10 Pro", Build: 19045, ProductType: "WinNT"}, "Windows 10 Pro"},
		{winimage.Facts{ProductName: "Windows Server 2025", Build: 26100, ProductType: "ServerNT"}, "Windows Server 2025"},
	}
	for _, tt := range tests {
		if got := tt.facts.DisplayName(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.facts, got, tt.want)
		}
	}
}

// The first log of a hive without logs is made only by a commit, and then holds the entry.
func TestCommitMakesTheLog(t *testing.T) {
	t.Parallel()
	windows := sampleTree(t, sample.Image{})
	for _, s := range []string{".LOG1", ".LOG2"} {
		must(t, os.Remove(configFile(windows, "SYSTEM"+s)))
	}
	im := mustOpen(t, windows, winimage.Write)
	if _, err := os.Stat(configFile(windows, "SYSTEM.LOG1")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("opening has made a log: %v", err)
	}
	set(t, im.System(), "Setup", "SetupType", regf.DWORD, regf.DWORDData(2))
	_, err := im.System().Commit(regf.CommitOptions{})
	must(t, err)
	must(t, im.Close())
	info, err := os.Stat(configFile(windows, "SYSTEM.LOG1"))
	must(t, err)
	if (filepath.Separator == '/' && info.Mode().Perm() != 0o600) || info.Size() == 0 {
		t.Errorf("SYSTEM.LOG1: mode %v, %d bytes", info.Mode(), info.Size())
	}
	if got := mustOpen(t, windows, winimage.Read).Facts().Setup.SetupType; got != 2 {
		t.Errorf("SetupType reads back as %d", got)
	}
}
