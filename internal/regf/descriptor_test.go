package regf

import (
	"encoding/hex"
	"os/exec"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// descriptorSamples are security descriptors of the shapes that hives have: inherited and protected lists, an audit
// list, long SIDs, an empty list. Self-relative ([MS-DTYP] 2.4.6), in hex, beside their text ([MS-DTYP] 2.5.1).
var descriptorSamples = []struct{ sddl, hex string }{
	{
		"O:BAG:SYD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)",
		"01000490480000005800000000000000140000000200340002000000000214003f000f0001010000" +
			"0000000512000000000218003f000f00010200000000000520000000200200000102000000000005" +
			"2000000020020000010100000000000512000000",
	},
	{
		"O:BAG:BAD:AI(A;CIID;KR;;;BU)(A;CIID;KA;;;BA)(A;CIID;KA;;;SY)(A;CIIOID;GA;;;CO)(A;CIID;KR;;;AC)",
		"010004848c0000009c00000000000000140000000200780005000000001218001900020001020000" +
			"000000052000000021020000001218003f000f000102000000000005200000002002000000121400" +
			"3f000f00010100000000000512000000001a14000000001001010000000000030000000000121800" +
			"19000200010200000000000f02000000010000000102000000000005200000002002000001020000" +
			"000000052000000020020000",
	},
	{
		"O:SYG:SYD:PAI(A;;FA;;;SY)(D;OICI;0x1301bf;;;WD)",
		"0100049444000000500000000000000014000000020030000200000000001400ff011f0001010000" +
			"000000051200000001031400bf011300010100000000000100000000010100000000000512000000" +
			"010100000000000512000000",
	},
	{
		"O:S-1-5-21-1004336348-1177238915-682003330-512G:S-1-5-32-544D:(A;;KR;;;S-1-5-80-1-2-3-4-5)",
		"01000480440000006000000000000000140000000200300001000000000028001900020001060000" +
			"00000005500000000100000002000000030000000400000005000000010500000000000515000000" +
			"dcf4dc3b833d2b46828ba6280002000001020000000000052000000020020000",
	},
	{
		"O:BAG:SYD:(A;;KA;;;BA)S:(AU;SAFA;KA;;;WD)",
		"010014805000000060000000140000003000000002001c000100000002c014003f000f0001010000" +
			"00000001000000000200200001000000000018003f000f0001020000000000052000000020020000" +
			"01020000000000052000000020020000010100000000000512000000",
	},
	{
		"O:BAG:SYS:AI(AU;CISA;KA;;;WD)D:P(A;;KA;;;SY)",
		"010014984c0000005c000000140000003000000002001c0001000000024214003f000f0001010000" +
			"000000010000000002001c0001000000000014003f000f0001010000000000051200000001020000" +
			"000000052000000020020000010100000000000512000000",
	},
	{
		"O:BAG:SYD:",
		"010004801c0000002c00000000000000140000000200080000000000010200000000000520000000" +
			"20020000010100000000000512000000",
	},
}

// descriptors returns the bytes of the samples.
func descriptors(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	for _, s := range descriptorSamples {
		sd, err := hex.DecodeString(s.hex)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sd)
	}
	return all
}

func TestDescriptorsOfHivesAreAccepted(t *testing.T) {
	t.Parallel()
	for i, sd := range descriptors(t) {
		if err := checkDescriptor(sd); err != nil {
			t.Errorf("%s: %v", descriptorSamples[i].sddl, err)
		}
	}
}

// TestDescriptorSamplesAgreeWithSamba holds the samples against Samba, which reads their text and their bytes.
func TestDescriptorSamplesAgreeWithSamba(t *testing.T) {
	t.Parallel()
	python := testenv.Python(t, "samba")
	const script = `
import sys
from samba.dcerpc import security
from samba.ndr import ndr_unpack
dom = security.dom_sid("S-1-5-21-1-2-3")
for line in sys.stdin:
    text, ours = line.rstrip("\n").split("\t")
    theirs = security.descriptor.from_sddl(text, dom)
    mine = ndr_unpack(security.descriptor, bytes.fromhex(ours))
    print("same" if theirs.as_sddl(dom) == mine.as_sddl(dom) else "differs: %s, theirs %s" % (mine.as_sddl(dom), theirs.as_sddl(dom)))
`
	// Samba 4.17 does not have the letters for keys and files: KEY_ALL_ACCESS, KEY_READ and FILE_ALL_ACCESS of winnt.h.
	spelledOut := strings.NewReplacer(";KA;", ";0xf003f;", ";KR;", ";0x20019;", ";FA;", ";0x1f01ff;")
	var in strings.Builder
	for _, s := range descriptorSamples {
		in.WriteString(spelledOut.Replace(s.sddl) + "\t" + s.hex + "\n")
	}
	cmd := exec.Command(python, "-c", script)
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(descriptorSamples) {
		t.Fatalf("%d answers: %s", len(lines), out)
	}
	for i, line := range lines {
		if line != "same" {
			t.Errorf("%s: %s", descriptorSamples[i].sddl, line)
		}
	}
}
