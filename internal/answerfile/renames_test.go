package answerfile

import "testing"

// TestCommandsThatRename: what gives the machine another name or another domain is told, and what only reads is not.
func TestCommandsThatRename(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]bool{
		`reg add HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName /v ComputerName /t REG_SZ /d APP7 /f`: true,
		`REG.EXE  ADD "HKLM\System\CurrentControlSet\Control\ComputerName\ActiveComputerName" /v ComputerName /d X`:    true,
		`"%windir%\System32\reg.exe" add HKLM\SYSTEM\ControlSet001\Control\ComputerName\ComputerName /d X`:             true,
		`reg add HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters /v "NV Hostname" /d APP7 /f`:                  true,
		`powershell Set-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName ComputerName X`:  true,
		`powershell New-ItemProperty -Path HKLM:\System\CurrentControlSet\Services\Tcpip\Parameters -Name Hostname`:    true,
		`powershell -Command "Rename-Computer -NewName $env:X"`:                                                        true,
		`powershell Add-Computer -DomainName corp.example.com`:                                                         true,
		`netdom join %computername% /domain:corp.example.com`:                                                          true,
		`djoin /requestodj /loadfile c:\x`:                                                                             true,
		`wmic computersystem where name="A" call rename name="B"`:                                                      true,

		`reg query HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName`:                      false,
		`reg add HKLM\SOFTWARE\Corp /v ComputerName /d X`:                                                false,
		`reg add HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters /v "NV Domain" /d corp.example`: false,
		`reg delete HKLM\SOFTWARE\ComputerNames /f`:                                                      false,
		`powershell Get-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName`:   false,
		`echo renamed %computername%`:                                                                    false,
		`powershell Checkpoint-Computer`:                                                                 false,
	} {
		if got := renames.MatchString(command); got != want {
			t.Errorf("%s: %v, want %v", command, got, want)
		}
	}
}
