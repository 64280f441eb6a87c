package winimage_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// TestRealImages reads the hives of real machines; what is expected is in the README of the test data.
func TestRealImages(t *testing.T) {
	t.Parallel()
	clean := winimage.HiveClean
	tests := []struct {
		name   string
		config string // spelled differently each time
		files  map[string]string
		want   winimage.Facts
		hives  map[string]winimage.HiveState
	}{
		{
			name: "NT 4 domain controller", config: "system32/config",
			files: map[string]string{
				"system": "nt4-server-pdc/SYSTEM", "software": "nt4-server-pdc/SOFTWARE",
				"SECURITY": "nt4-server-pdc/SECURITY", "Sam": "nt4-server-pdc/SAM",
			},
			want: winimage.Facts{
				Build: 1381, BuildText: "1381", Architecture: winimage.X86, ProductType: "LanmanNT",
				Phase: winimage.PhaseInstalled, Setup: winimage.SetupFlags{CmdLine: "setup -newsetup"},
				ControlSet: "ControlSet001", ComputerName: "SERVER", HostName: "server",
				Membership: winimage.Membership{
					Joined: true, DomainSID: "S-1-5-21-247810356-1021781772-2498087", NetBIOSName: "TEST", MachineSecret: true,
				},
				MachineSID: "S-1-5-21-247810356-1021781772-2498087",
			},
			hives: map[string]winimage.HiveState{"SYSTEM": clean, "SOFTWARE": clean, "SECURITY": clean, "SAM": clean},
		},
		{
			name: "Windows 7 domain member", config: "SYSTEM32/CONFIG",
			files: map[string]string{"SYSTEM": "win7sp1-x86-domain-member/SYSTEM"},
			want: winimage.Facts{
				Architecture: winimage.X86, ProductType: "WinNT", Phase: winimage.PhaseInstalled,
				ControlSet: "ControlSet001", ComputerName: "WKS-WIN732BITA", HostName: "WKS-WIN732BITA",
				DNSSuffix: "shieldbase.local",
			},
			hives: map[string]winimage.HiveState{
				"SYSTEM": clean, "SOFTWARE": winimage.HiveMissing, "SECURITY": winimage.HiveMissing, "SAM": winimage.HiveMissing,
			},
		},
		{
			name: "Windows 8.1 domain member", config: "System32/Config",
			files: map[string]string{
				"SYSTEM": "win7sp1-x86-domain-member/SYSTEM", "SECURITY": "win81-domain-member/SECURITY",
				"SAM": "win81-domain-member/SAM",
			},
			want: winimage.Facts{
				Architecture: winimage.X86, ProductType: "WinNT", Phase: winimage.PhaseInstalled,
				ControlSet: "ControlSet001", ComputerName: "WKS-WIN732BITA", HostName: "WKS-WIN732BITA",
				DNSSuffix: "shieldbase.local",
				Membership: winimage.Membership{
					Joined: true, DomainSID: "S-1-5-21-226059406-2984137831-1201299043",
					DomainName: "internal.greendale.edu", NetBIOSName: "INTERNAL", MachineSecret: true,
				},
				MachineSID: "S-1-5-21-4070822719-3404542230-2541167049",
			},
			hives: map[string]winimage.HiveState{"SYSTEM": clean, "SECURITY": clean, "SAM": clean},
		},
		{
			name: "Windows 10, SYSTEM and SECURITY dirty", config: "System32/config",
			files: map[string]string{
				"SYSTEM":      "win10-1709-x64-dirty/SYSTEM",
				"System.log1": "win10-1709-x64-dirty/SYSTEM.LOG1", "SYSTEM.log2": "win10-1709-x64-dirty/SYSTEM.LOG2",
				"SECURITY": "win10-rathbunvm/SECURITY", "SECURITY.LOG1": "win10-rathbunvm/SECURITY.LOG1",
				"SAM": "win10-rathbunvm/SAM", "SAM.LOG1": "win10-rathbunvm/SAM.LOG1", "SAM.LOG2": "win10-rathbunvm/SAM.LOG2",
			},
			want: winimage.Facts{
				Architecture: winimage.AMD64, ProductType: "WinNT", Phase: winimage.PhaseInstalled,
				ControlSet: "ControlSet001", ComputerName: "DESKTOP-PM6C56D", HostName: "DESKTOP-PM6C56D",
				Membership: winimage.Membership{Workgroup: "WORKGROUP"},
				MachineSID: "S-1-5-21-2290304894-658537038-505560459",
			},
			hives: map[string]winimage.HiveState{
				"SYSTEM": winimage.HivePending, "SECURITY": winimage.HivePending, "SAM": clean,
			},
		},
		{
			name: "Windows XP", config: "system32/config",
			files: map[string]string{"system": "winxp-sp3-x86/SYSTEM"},
			want: winimage.Facts{
				Architecture: winimage.X86, ProductType: "WinNT", Phase: winimage.PhaseInstalled,
				Setup:      winimage.SetupFlags{CmdLine: `C:\WINDOWS\System32\oobe\msoobe.exe /update`},
				ControlSet: "ControlSet001", ComputerName: "IECOMPATVHD", HostName: "iecompatvhd",
			},
			hives: map[string]winimage.HiveState{"SYSTEM": clean},
		},
		{
			name: "Windows 8.1, dirty without logs", config: "System32/config",
			files: map[string]string{
				"SYSTEM": "win81-x64-workgroup/SYSTEM", "SECURITY": "win10-workgroup-nolog/SECURITY",
			},
			want: winimage.Facts{
				Architecture: winimage.AMD64, ProductType: "WinNT", Phase: winimage.PhaseInstalled,
				ControlSet: "ControlSet001", ComputerName: "SENSEI", HostName: "sensei",
				Membership: winimage.Membership{Workgroup: "WORKGROUP"},
			},
			hives: map[string]winimage.HiveState{
				"SYSTEM": winimage.HiveUnrecoverable, "SECURITY": winimage.HiveUnrecoverable,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			windows := realTree(t, tt.config, tt.files)
			im := mustOpen(t, windows, winimage.Read)
			got := im.Facts()
			ignore := cmpopts.IgnoreFields(winimage.Facts{}, "Hives", "Warnings")
			tt.want.WindowsPath = windows
			if diff := cmp.Diff(tt.want, got, ignore); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
			for name, state := range tt.hives {
				if h := got.Hive(name); h.State != state {
					t.Errorf("hive %s: %s (%s), want %s", name, h.State, h.Detail, state)
				}
			}
			if im.ControlSet() != tt.want.ControlSet {
				t.Errorf("ControlSet() = %q", im.ControlSet())
			}
			if _, err := im.System().Key(`Select`); err != nil {
				t.Errorf("System().Key(Select): %v", err)
			}
		})
	}
}

func TestPendingEntriesAreCounted(t *testing.T) {
	t.Parallel()
	windows := realTree(t, "System32/config", map[string]string{
		"SYSTEM":      "win10-1709-x64-dirty/SYSTEM",
		"SYSTEM.LOG1": "win10-1709-x64-dirty/SYSTEM.LOG1", "SYSTEM.LOG2": "win10-1709-x64-dirty/SYSTEM.LOG2",
	})
	im := mustOpen(t, windows, winimage.Write)
	if h := im.Facts().Hive("SYSTEM"); h.State != winimage.HivePending || h.Pending != 24 {
		t.Errorf("SYSTEM: %+v, want 24 pending entries", h)
	}
}

func TestRealDomainControllerIsRefused(t *testing.T) {
	t.Parallel()
	windows := realTree(t, "System32/config", map[string]string{
		"SYSTEM": "nt4-server-pdc/SYSTEM", "SOFTWARE": "nt4-server-pdc/SOFTWARE",
		"SECURITY": "nt4-server-pdc/SECURITY", "SAM": "nt4-server-pdc/SAM",
	})
	im := mustOpen(t, windows, winimage.Read)
	must(t, im.CheckHives())
	wantCode(t, im.CheckJoinable(), winerr.NotSupported, windows+" is a domain controller")
	wantCode(t, im.CheckRegistryMethod(), winerr.TargetVersionUnsupported, "build 1381")
}

// A hive that was not closed cleanly and cannot be completed can be looked at, but nothing else.
func TestUnrecoverable(t *testing.T) {
	t.Parallel()
	windows := realTree(t, "System32/config", map[string]string{
		"SYSTEM": "win81-x64-workgroup/SYSTEM", "SOFTWARE": "nt4-server-pdc/SOFTWARE",
		"SECURITY": "win81-domain-member/SECURITY",
	})
	im := mustOpen(t, windows, winimage.Read)
	wantCode(t, im.CheckHives(), winerr.CantLoadOfflineHive, "SYSTEM", "not closed cleanly", "SYSTEM.LOG1")
	_, err := open(t, windows, winimage.Write)
	wantCode(t, err, winerr.CantLoadOfflineHive, "SYSTEM", "not closed cleanly")
}

// Damaged and foreign hives in place of SYSTEM are refused, whatever is wrong with them.
func TestDamagedSystem(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"edge/corrupted_system_hive", "edge/NTUSER_Bad.DAT", "edge/fake_SYSTEM", "edge/base_block_only.DAT",
		"edge/corrupt_sub_key_list.hiv", "orphan-logs/new_log_1/SYSTEM.LOG1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			windows := realTree(t, "System32/config", map[string]string{"SYSTEM": name})
			_, err := open(t, windows, winimage.Write)
			wantCode(t, err, winerr.CantLoadOfflineHive, "SYSTEM")
			im, err := open(t, windows, winimage.Read)
			if err == nil { // some of it can be shown
				err = im.CheckHives()
			}
			wantCode(t, err, winerr.CantLoadOfflineHive, "SYSTEM")
		})
	}
}
