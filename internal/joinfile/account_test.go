package joinfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// loadText loads a join file, and returns what is wrong with it.
func loadText(t *testing.T, text string, environ ...string) (*joinfile.Fleet, string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "fleet.join.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	fleet, diagnostics := joinfile.Load(t.Context(), dir, joinfile.Inputs{Environ: environ})
	var told bytes.Buffer
	if err := diagnostics.Write(&told, 0, false); err != nil {
		t.Fatal(err)
	}
	return fleet, told.String()
}

func TestAccountsOfJoins(t *testing.T) {
	t.Parallel()
	fleet, told := loadText(t, `
defaults {
  domain = "corp.example.com"
  account {
    ou             = "OU=Web,DC=corp,DC=example,DC=com"
    reuse          = "trusted"
    trusted_owners = ["builders", "S-1-5-21-1-2-3-1105"]
    description    = "of ${each.key}"
    root_ca_certs  = true
  }
  active_directory {
    user          = "svc"
    password_file = "password"
    security      = "ldaps"
  }
}
join "own" {
  for_each     = toset(["web01"])
  windows_path = "Windows1"
  machine_name = upper(each.key)
  account {
    on_error = "keep"
    ou       = "OU=Other,DC=corp,DC=example,DC=com"
  }
  active_directory {
    ccache = "cache"
  }
}
join "default" {
  for_each     = toset(["web02"])
  windows_path = "Windows2"
  account { machine_name = upper(each.key) }
}
join "blob" {
  for_each     = toset(["web03"])
  windows_path = "Windows3"
  blob_file    = "web03.djoin"
}
`, "OFFLINEJOIN_AD_SITE=North")
	if fleet == nil || len(fleet.Joins) != 3 {
		t.Fatal(told)
	}
	own, def, blob := fleet.Joins[0], fleet.Joins[1], fleet.Joins[2]
	if a := own.Account; a == nil || a.MachineName != "WEB01" || a.OnError != offlinejoin.OnErrorKeep || a.OU != "OU=Other,DC=corp,DC=example,DC=com" ||
		a.Reuse != offlinejoin.AccountReuseTrusted || len(a.TrustedOwners) != 2 || a.Description != "of web01" || !a.RootCACerts {
		t.Errorf("%+v", a)
	}
	if d := own.Directory; d.Domain != "corp.example.com" || d.User != "svc" || d.PasswordFile != "" || filepath.Base(d.CCache) != "cache" ||
		!filepath.IsAbs(d.CCache) || d.Security != "ldaps" || d.Getenv("OFFLINEJOIN_AD_SITE") != "North" {
		t.Errorf("%+v", d)
	}
	if a := def.Account; a == nil || a.MachineName != "WEB02" || a.OnError != offlinejoin.OnErrorDelete || filepath.Base(def.Directory.PasswordFile) != "password" {
		t.Errorf("%+v %+v", a, def.Directory)
	}
	if blob.Account != nil || blob.BlobFile == "" {
		t.Errorf("%+v", blob)
	}
}

func TestMistakesInAccounts(t *testing.T) {
	t.Parallel()
	join := func(more string) string { return "join \"a\" {\n  windows_path = \"Windows\"\n" + more + "\n}\n" }
	for want, text := range map[string]string{
		"Both account and blob_file":                    join("blob_file = \"x\"\naccount { machine_name = \"A\" }"),
		"has no machine_name":                           join("account {}"),
		"Two names":                                     join("machine_name = \"A\"\naccount { machine_name = \"B\" }"),
		"No account":                                    join("blob_file = \"x\"\nactive_directory { user = \"u\" }"),
		"No password in a join file":                    join("account { machine_name = \"A\" }\nactive_directory { password = \"p\" }"),
		"password_file and keytab are given":            join("account { machine_name = \"A\" }\nactive_directory {\npassword_file = \"p\"\nkeytab = \"k\"\n}"),
		`security = "plain" is not known`:               join("account { machine_name = \"A\" }\nactive_directory { security = \"plain\" }"),
		`on_error = "forget" is not known`:              join("account {\nmachine_name = \"A\"\non_error = \"forget\"\n}"),
		"Second block":                                  join("account { machine_name = \"A\" }\naccount { ou = \"x\" }"),
		"is a list of strings":                          join("account {\nmachine_name = \"A\"\ntrusted_owners = \"x\"\n}"),
		"no computer account can be made with the name": join("account { machine_name = \"a.b\" }"),
		"Unsupported argument":                          join("account {\nmachine_name = \"A\"\nspeed = 1\n}"),
		"keytab wants a path":                           join("account { machine_name = \"A\" }\nactive_directory { keytab = \"AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ\" }"),
	} {
		fleet, told := loadText(t, text)
		if fleet != nil || !strings.Contains(told, want) || strings.Contains(told, "QQQQQQQQ") {
			t.Errorf("want %q\n%s\n%s", want, text, told)
		}
	}
}
