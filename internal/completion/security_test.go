package completion

import (
	"encoding/hex"
	"testing"
)

// TestDescriptors compares with bytes that an independent reader has judged:
// ConvertSecurityDescriptorToStringSecurityDescriptor of Wine 8 shows each as the SDDL given here, and
// IsValidSecurityDescriptor accepts it.
func TestDescriptors(t *testing.T) {
	t.Parallel()
	const tail = "01020000000000052000000020020000" + "010100000000000512000000" // owner BA, group SY
	tests := []struct {
		sddl, want string
		got        []byte
	}{
		{
			"O:BAG:SYD:P(A;;FA;;;SY)(A;;FA;;;BA)",
			"0100049048000000580000000000000014000000" + "0200340002000000" +
				"00001400ff011f00010100000000000512000000" + "00001800ff011f0001020000000000052000000020020000" + tail,
			FileSecurity(),
		},
		{
			"O:BAG:SYD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)",
			"0100049048000000580000000000000014000000" + "0200340002000000" +
				"000214003f000f00010100000000000512000000" + "000218003f000f0001020000000000052000000020020000" + tail,
			KeySecurity(),
		},
	}
	for _, tt := range tests {
		if got := hex.EncodeToString(tt.got); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.sddl, got, tt.want)
		}
	}
}
