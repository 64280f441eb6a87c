package options_test

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]offlinejoin.Change{
		`~ SYSTEM\Setup SetupType 0 → 2`: {
			Kind: offlinejoin.ChangeModify, Where: `SYSTEM\Setup`, Name: "SetupType", Type: "REG_DWORD",
			Before: "0", After: "2",
		},
		`+ SYSTEM\Setup\OfflineJoin new key, SYSTEM and Administrators only`: {
			Kind: offlinejoin.ChangeAdd, Where: `SYSTEM\Setup\OfflineJoin`, Type: "key",
			After: "new key, SYSTEM and Administrators only",
		},
		`+ SYSTEM\Setup\OfflineJoin ProvisioningBlob REG_BINARY 1984 bytes, secret`: {
			Kind: offlinejoin.ChangeAdd, Where: `SYSTEM\Setup\OfflineJoin`, Name: "ProvisioningBlob",
			Type: "REG_BINARY", After: "1984 bytes, secret", Secret: true,
		},
		`- System32 odjboot.exe file 1.8 MiB`: {
			Kind: offlinejoin.ChangeRemove, Where: "System32", Name: "odjboot.exe", Type: "file", Before: "1.8 MiB",
		},
	} {
		if got := options.Line(change); got != want {
			t.Errorf("Line = %q, want %q", got, want)
		}
	}
}
