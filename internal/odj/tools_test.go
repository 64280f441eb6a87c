package odj

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// file writes data to a temporary file. The fixtures hold no real secret.
func file(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "blob")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, out, stderr.Bytes())
	}
	return out
}

// TestSambaReadsWhatIsWritten has Samba's own parser judge the writer.
func TestSambaReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	ndrdump := testenv.Tool(t, "ndrdump")
	for name, raw := range map[string][]byte{"join": webBlob(t).Bytes(), "all parts": encoded(t, fullTree(t)), "composed": newMaker(t).whole} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const structure = "ODJ_PROVISION_DATA_serialized_ptr"
			out := string(run(t, ndrdump, "--validate", "ODJ", structure, "struct", file(t, raw)))
			wants := map[string]int{
				`lpMachineName +: 'WEB01'`: 2, `lpDomain +: 'corp.example.com'`: 2, `string +: 'CORP'`: 2,
				`string +: 'example.com'`: 2, `Sid +: S-1-5-21-1111111111-2222222222-3333333333`: 2,
				`dc_unc +: '\\\\\\\\dc1.corp.example.com'`: 2, `dc_address +: '\\\\\\\\192.0.2.10'`: 2,
				`dc_flags +: 0xe00031fd`: 2, `dc_site_name +: 'Headquarters'`: 2, `client_site_name +: 'Branch'`: 2,
				`domain_guid +: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0`: 2, `Rid +: 0x000004d2`: 1,
				`lpSid +: 'S-1-5-21-1111111111-2222222222-3333333333-1234'`: 1,
			}
			if name != "join" {
				wants[`lpPrimaryDNSDomain +: 'web.example.com'`] = 1
				wants[`pTemplateName +: 'Machine'`] = 1
				wants[`pStoreName +: 'Root'`] = 1
			}
			switch name {
			case "all parts":
				wants[`pSource +: '\\\\\\\\corp\\\\registry.pol'`] = 1
				wants[`pKeyPath +: 'Software\\\\Policies\\\\Y'`] = 1
			case "composed":
				wants[`pStoreName +: 'CA'`] = 1
				wants[`pKeyPath +: 'Software\\\\Policies\\\\Example'`] = 2
				wants[`pPolicyServerId +: '{id}'`] = 1
			}
			for pattern, count := range wants {
				// ndrdump prints one backslash as it is.
				pattern = strings.ReplaceAll(pattern, `\\\\`, `\\`)
				if got := len(regexp.MustCompile(pattern).FindAllString(out, -1)); got != count {
					t.Errorf("%d times %s, want %d", got, pattern, count)
				}
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// TestSecondReaderAndWriterAgree compares with an independent implementation: what it reads from our blob, with the
// password, and what it writes from the same values, byte for byte.
func TestSecondReaderAndWriterAgree(t *testing.T) {
	t.Parallel()
	python, tool := testenv.Tool(t, "python3"), testenv.Shared(t, "lab/odjtool.py")
	j := webJoin()
	j.Options = 2
	b, err := Compose(j)
	if err != nil {
		t.Fatal(err)
	}
	for form, data := range map[string][]byte{
		"bytes": b.Bytes(), "djoin file": b.DjoinFile(), "base64": []byte(b.AccountData()),
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			fields := run(t, python, tool, "fields", file(t, data))
			var got map[string]any
			if err := json.Unmarshal(fields, &got); err != nil {
				t.Fatal(err)
			}
			for field, want := range map[string]any{
				"domain": "corp.example.com", "machine_name": "WEB01", "machine_password": testPassword,
				"netbios_domain": "CORP", "dns_domain": "corp.example.com", "forest": "example.com",
				"domain_guid": j.DomainGUID, "domain_sid": j.DomainSID, "options": 2.0,
				"dc_name": `\\dc1.corp.example.com`, "dc_address": `\\192.0.2.10`, "dc_address_type": 1.0,
				"dc_domain_guid": j.DomainGUID, "dc_domain_name": "corp.example.com", "dc_forest": "example.com",
				"dc_flags": float64(0xE00031FD),
				"dc_site":  "Headquarters", "client_site": "Branch", "rid": 1234.0, "account_sid": b.AccountSID(),
			} {
				if got[field] != want {
					t.Errorf("%s: %v, want %v", field, got[field], want)
				}
			}
			out := filepath.Join(t.TempDir(), "composed")
			run(t, python, tool, "compose", file(t, fields), out)
			if !bytes.Equal(read(t, out), b.DjoinFile()) {
				t.Error("the other writer makes another file of the same values")
			}
		})
	}
}
