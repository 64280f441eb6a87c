package regf

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

var sddlSamples = []string{
	"O:BAG:SYD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)",
	"O:BAG:BAD:AI(A;CIID;KR;;;BU)(A;CIID;KA;;;BA)(A;CIID;KA;;;SY)(A;CIIOID;GA;;;CO)(A;CIID;KR;;;AC)",
	"O:SYG:SYD:PAI(A;;FA;;;SY)(D;OICI;0x1301bf;;;WD)",
	"O:S-1-5-21-1004336348-1177238915-682003330-512G:S-1-5-32-544D:(A;;KR;;;S-1-5-80-1-2-3-4-5)",
	"O:BAG:SYD:(A;;KA;;;BA)S:(AU;SAFA;KA;;;WD)",
	"O:BAG:SYS:AI(AU;CISA;KA;;;WD)D:P(A;;KA;;;SY)",
	"O:BAG:SYD:",
}

func TestParseSDDLLaysOutLikeHand(t *testing.T) {
	t.Parallel()
	got, err := ParseSDDL(sddlSamples[0])
	if err != nil || !bytes.Equal(got, testDescriptor) {
		t.Errorf("%x, %v; want %x", got, err, testDescriptor)
	}
}

// TestParseSDDLAgreesWithSamba holds the parser against Samba's, which reads the text and our bytes.
func TestParseSDDLAgreesWithSamba(t *testing.T) {
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
	// Samba 4.17 does not know the letters for keys and files: KEY_ALL_ACCESS, KEY_READ and FILE_ALL_ACCESS of winnt.h.
	spelledOut := strings.NewReplacer(";KA;", ";0xf003f;", ";KR;", ";0x20019;", ";FA;", ";0x1f01ff;")
	var in strings.Builder
	for _, s := range sddlSamples {
		sd, err := ParseSDDL(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkDescriptor(sd); err != nil {
			t.Errorf("%s: %v", s, err)
		}
		in.WriteString(spelledOut.Replace(s) + "\t" + hex.EncodeToString(sd) + "\n")
	}
	cmd := exec.Command(python, "-c", script)
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if line != "same" {
			t.Errorf("%s: %s", sddlSamples[i], line)
		}
	}
}

func TestParseSDDLRefuses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"X", "O:", "O:XX", "O:BAO:BA", "D:(A;;KA;;;SY", "D:(A;;KA;;SY)", "D:(Z;;KA;;;SY)", "D:(A;XX;KA;;;SY)", "D:(A;;ZZ;;;SY)",
		"D:(A;;KA;;;)", "D:(A;;KA;;;SYX)", "D:(A;C;KA;;;SY)", "D:(A;;0xfffffffff;;;SY)", "O:S-1", "O:S-2-5-18", "O:S-1-5-99999999999",
		"D:(OA;;KA;bf967a86-0de6-11d0-a285-00aa003049e2;;SY)", "O:S-1-5" + strings.Repeat("-1", 16),
	} {
		if sd, err := ParseSDDL(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %x, %v", bad, sd, err)
		}
	}
}
