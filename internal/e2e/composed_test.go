package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// refuseComposed has the laboratory's own writer compose blobs that are well-formed and wrong.
func refuseComposed(t *testing.T, p programs, windows string, good []byte) {
	python, tool := testenv.Tool(t, "python3"), testenv.Shared(t, "lab/odjtool.py")
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.WriteFile(file("good"), good, 0o600))
	out, err := exec.CommandContext(t.Context(), python, tool, "fields", file("good")).Output()
	must(t, err)
	compose := func(t *testing.T, fields map[string]any, more ...string) []byte {
		t.Helper()
		changed := map[string]any{}
		must(t, json.Unmarshal(out, &changed))
		for name, v := range fields {
			changed[name] = v
		}
		must(t, os.WriteFile(file("fields"), must1(json.Marshal(changed))(t), 0o600))
		args := append([]string{tool, "compose", file("fields"), file("blob")}, more...)
		if out, err := exec.CommandContext(t.Context(), python, args...).CombinedOutput(); err != nil {
			t.Fatalf("odjtool.py compose: %v\n%s", err, out)
		}
		return must1(os.ReadFile(file("blob")))(t)
	}
	for name, c := range map[string]struct {
		fields map[string]any
		expect core.Expect
		code   winerr.Code // 0: Samba does not notice, and we cannot, without asking the domain
		more   []string
	}{
		"30 unchanged":      {},
		"32 password empty": {fields: map[string]any{"machine_password": ""}, code: winerr.InvalidParameter},
		"33 other machine": {
			map[string]any{"machine_name": "SOMEBODY"}, core.Expect{MachineName: "WEB01"}, winerr.InvalidParameter, nil,
		},
		"33 illegal machine": {fields: map[string]any{"machine_name": "A:B"}, code: winerr.InvalidMachineNameForJoin},
		"39 lpDomain empty":  {fields: map[string]any{"domain": ""}, code: winerr.InvalidParameter},
		"40 DNS domain": {
			map[string]any{"dns_domain": "other.test", "domain": "other.test"},
			core.Expect{Domain: "corp.example.com"},
			winerr.InvalidParameter, nil,
		},
		"41 NetBIOS domain": {
			map[string]any{"netbios_domain": "OTHER"}, core.Expect{Domain: "CORP"}, winerr.InvalidParameter, nil,
		},
		"50 Windows 7 only": {more: []string{"--win7-only"}},
		"52 parts 1, 2, 3":  {more: []string{"--parts", "1,2,3"}},
	} {
		t.Run(name, func(t *testing.T) {
			blob := compose(t, c.fields, c.more...)
			if c.code != 0 {
				attempt{windows, windows, blob, c.expect, c.code, "", false}.refuse(t, p)
				return
			}
			if _, err := core.Plan(t.Context(), core.Request{Image: core.ImageAt(windows), Blob: read(t, blob)}); err != nil {
				t.Error(err)
			}
		})
	}
}
