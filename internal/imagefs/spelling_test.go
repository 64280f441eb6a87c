package imagefs

import "testing"

// TestPlainSpelling is about paths of Windows, on every system.
func TestPlainSpelling(t *testing.T) {
	t.Parallel()
	for plain, spellings := range map[string][]string{
		`C:\img\Windows`: {
			`C:\img\Windows`, `\\?\C:\img\Windows`, `\\.\C:\img\Windows`, `\??\C:\img\Windows`, `c:/img/Windows`, `//?/C:/img/Windows`,
			`C:\img\Windows\`, `\\?\c:\img\Windows\`,
		},
		`\\srv\img\Windows`:        {`\\srv\img\Windows`, `\\?\UNC\srv\img\Windows`, `\\?\unc\srv\img\Windows`, `//srv/img/Windows`},
		`C:\`:                      {`C:\`, `c:/`, `\\?\C:\`},
		`C:`:                       {`C:`, `\\?\c:`},
		`\\?\Volume{8f2c}\Windows`: {`\\?\Volume{8f2c}\Windows`, `\\.\Volume{8f2c}\Windows`},
		`\\?\PhysicalDrive1`:       {`\\.\PhysicalDrive1`, `\\?\PhysicalDrive1`},
		`\\?\UNCLE\x`:              {`\\?\UNCLE\x`},
		``:                         {``},
		`img\Windows`:              {`img\Windows`, `img/Windows`},
	} {
		for _, s := range spellings {
			if got := plainSpelling(s); got != plain {
				t.Errorf("%s is %s, want %s", s, got, plain)
			}
			if got := plainSpelling(plainSpelling(s)); got != plain {
				t.Errorf("%s twice is %s", s, got)
			}
		}
	}
	for _, pair := range [][2]string{
		{`C:\img`, `D:\img`}, {`C:\img`, `\\?\C:\img2`}, {`\\srv\C$\img`, `C:\img`}, {`\\?\Volume{1}\x`, `\\?\Volume{2}\x`}, {`C:img`, `C:\img`},
	} {
		if plainSpelling(pair[0]) == plainSpelling(pair[1]) {
			t.Errorf("%s and %s are one", pair[0], pair[1])
		}
	}
}
