package options_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

const password = "Canary-Passw0rd!"

// environment returns a getenv of what is given alone.
func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for _, pair := range pairs {
			if value, found := strings.CutPrefix(pair, name+"="); found {
				return value
			}
		}
		return ""
	}
}

func passwordFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDirectoryWordsRequest(t *testing.T) {
	t.Parallel()
	file := passwordFile(t, password+"\r\n")
	keytab := passwordFile(t, "keys")
	for name, c := range map[string]struct {
		words options.DirectoryWords
		env   []string
		want  offlinejoin.Credential
		dc    string
	}{
		"password file": {
			words: options.DirectoryWords{Domain: "corp.example.com", User: "svc", PasswordFile: file},
			want:  offlinejoin.Credential{User: "svc", Password: offlinejoin.NewSecret([]byte(password))},
		},
		"standard input": {
			words: options.DirectoryWords{Domain: "corp.example.com", User: "svc", PasswordFile: "-", In: strings.NewReader(password + "\n")},
			want:  offlinejoin.Credential{User: "svc", Password: offlinejoin.NewSecret([]byte(password))},
		},
		"all from the environment": {
			env: []string{
				"OFFLINEJOIN_AD_DOMAIN=corp.example.com", "OFFLINEJOIN_AD_USER=svc", "OFFLINEJOIN_AD_PASSWORD=" + password,
				"OFFLINEJOIN_AD_DC=dc1.corp.example.com", "KRB5CCNAME=/nowhere",
			},
			want: offlinejoin.Credential{User: "svc", Password: offlinejoin.NewSecret([]byte(password))},
			dc:   "dc1.corp.example.com",
		},
		"a credential that is written wins": {
			words: options.DirectoryWords{Domain: "corp.example.com", User: "svc", Keytab: keytab},
			env:   []string{"OFFLINEJOIN_AD_PASSWORD=" + password, "OFFLINEJOIN_AD_USER=other", "OFFLINEJOIN_AD_CCACHE=/nowhere"},
			want:  offlinejoin.Credential{User: "svc", Keytab: keytab},
		},
		"keytab of Kerberos": {
			words: options.DirectoryWords{Domain: "corp.example.com", User: "svc"},
			env:   []string{"KRB5_CLIENT_KTNAME=FILE:" + keytab, "KRB5CCNAME=/nowhere"},
			want:  offlinejoin.Credential{User: "svc", Keytab: "FILE:" + keytab},
		},
		"cache of Kerberos": {
			words: options.DirectoryWords{Domain: "corp.example.com"},
			env:   []string{"KRB5_CLIENT_KTNAME=" + keytab, "KRB5CCNAME=FILE:/tmp/krb5cc_1", "OFFLINEJOIN_AD_SITE=North"},
			want:  offlinejoin.Credential{CCache: "FILE:/tmp/krb5cc_1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.words.Getenv = environment(c.env...)
			req, warnings, err := c.words.Request()
			if err != nil || len(warnings) > 0 {
				t.Fatalf("%v %q", err, warnings)
			}
			got := req.Credential
			if got.User != c.want.User || got.Keytab != c.want.Keytab || got.CCache != c.want.CCache ||
				got.Password.IsEmpty() != c.want.Password.IsEmpty() || req.DC != c.dc || req.Domain != "corp.example.com" {
				t.Errorf("%+v", req)
			}
			if shown := fmt.Sprintf("%+v %#v %v", req, c.words, req.Credential.Password); strings.Contains(shown, password) {
				t.Errorf("it shows its password: %s", shown)
			}
		})
	}
}

// TestPasswordLine: what editors put around a line is no part of the password, and all else is.
func TestPasswordLine(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"p": "p", "p\n": "p", "p\r\n": "p", "\ufeffp\r\n": "p", " p q \n": " p q ", "p\r": "p", "Kö\ufeff\n": "Kö\ufeff", "\ufeff\n": "",
	} {
		if got := options.PasswordLine([]byte(content)); string(got) != want {
			t.Errorf("%q: %q, want %q", content, got, want)
		}
	}
}

// TestMissingCredentialAsFlags: who types flags is told which.
func TestMissingCredentialAsFlags(t *testing.T) {
	t.Parallel()
	for want, w := range map[string]options.DirectoryWords{
		"give --ad-user svc-build with --ad-password-file or --ad-keytab svc-build.keytab, or give --ad-ccache krb5cc as kinit": {Domain: "d.test"},
		"give --ad-user svc-build, or the environment variable":                                                                 {Domain: "d.test", Keytab: "k.tab"},
	} {
		w.Getenv = environment()
		if _, _, err := w.Request(); err == nil || !strings.Contains(options.AsFlags(err.Error()), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestDirectoryWordsRefuse(t *testing.T) {
	t.Parallel()
	long := passwordFile(t, strings.Repeat("x", 5000))
	two := passwordFile(t, "one\ntwo\n")
	key := "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ"
	type words = options.DirectoryWords
	for name, c := range map[string]struct {
		words words
		env   []string
		code  winerr.Code
		want  string
	}{
		"no domain":          {words{User: "svc", PasswordFile: two}, nil, winerr.InvalidParameter, "OFFLINEJOIN_AD_DOMAIN"},
		"no credential":      {words{Domain: "d.test", User: "svc"}, nil, winerr.InvalidParameter, "OFFLINEJOIN_AD_KEYTAB"},
		"no user":            {words{Domain: "d.test", PasswordFile: two}, nil, winerr.InvalidParameter, "password_file is given without a user"},
		"two":                {words{Domain: "d.test", User: "u", PasswordFile: two, Keytab: two}, nil, winerr.InvalidParameter, "password_file and keytab"},
		"two of environment": {words{Domain: "d.test", User: "u"}, []string{"OFFLINEJOIN_AD_PASSWORD=" + password, "OFFLINEJOIN_AD_KEYTAB=k"}, winerr.InvalidParameter, "password and keytab"},
		"current user":       {words{Domain: "d.test", User: "u", CurrentUser: true}, nil, winerr.InvalidParameter, "leave user out"},
		"flat domain":        {words{Domain: "CORP", User: "u"}, nil, winerr.InvalidParameter, "is not the DNS name of a domain"},
		"address":            {words{Domain: "d.test", DC: "192.0.2.1", User: "u"}, nil, winerr.InvalidParameter, "such as dc1.d.test"},
		"site":               {words{Domain: "d.test", Site: "a.b", User: "u"}, nil, winerr.InvalidParameter, "is not the name of a site"},
		"down-level name":    {words{Domain: "d.test", User: `D\u`}, nil, winerr.InvalidParameter, `DOMAIN\user`},
		"security":           {words{Domain: "d.test", Security: "plain"}, nil, winerr.InvalidParameter, `security = "plain" is not known`},
		"simple and sealed":  {words{Domain: "d.test", Security: "sealed", SimpleBind: true}, nil, winerr.ConnectionInsecure, `security = "ldaps"`},
		"simple by keytab":   {words{Domain: "d.test", Keytab: two, User: "u", SimpleBind: true}, nil, winerr.InvalidParameter, "password_file"},
		"timeout":            {words{Domain: "d.test", Timeout: "soon"}, nil, winerr.InvalidParameter, `timeout = "soon"`},
		"no file":            {words{Domain: "d.test", User: "u", PasswordFile: "/nowhere/at/all"}, nil, winerr.FileNotFound, "does not exist"},
		"no keytab":          {words{Domain: "d.test", User: "u", Keytab: "/nowhere/at/all"}, nil, winerr.FileNotFound, "does not exist"},
		"no authorities":     {words{Domain: "d.test", User: "u", PasswordFile: "-", CAFile: "/nowhere/at/all"}, nil, winerr.FileNotFound, "ca_file"},
		"long":               {words{Domain: "d.test", User: "u", PasswordFile: long}, nil, winerr.InvalidParameter, "4 KiB"},
		"two lines":          {words{Domain: "d.test", User: "u", PasswordFile: two}, nil, winerr.InvalidParameter, "more than one line"},
		"of Latin-1":         {words{Domain: "d.test", User: "u", PasswordFile: passwordFile(t, "K\xf6nig-Passw0rd\n")}, nil, winerr.InvalidParameter, "UTF-8"},
		"of UTF-16":          {words{Domain: "d.test", User: "u", PasswordFile: passwordFile(t, "\xff\xfep\x00w\x00\r\x00\n\x00")}, nil, winerr.InvalidParameter, "UTF-8"},
		"mark alone":         {words{Domain: "d.test", User: "u", PasswordFile: passwordFile(t, "\ufeff\r\n")}, nil, winerr.InvalidParameter, "is empty"},
		"nothing":            {words{Domain: "d.test", User: "u", PasswordFile: "-", In: strings.NewReader("\n")}, nil, winerr.InvalidParameter, "is empty"},
		"key for a keytab":   {words{Domain: "d.test", User: "u", Keytab: key}, nil, winerr.InvalidParameter, "keytab wants a path"},
		"key for a user":     {words{Domain: "d.test", User: key}, nil, winerr.InvalidParameter, "user was given the content of a secret file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.words.Getenv = environment(c.env...)
			_, _, err := c.words.Request()
			code, _ := winerr.CodeOf(err)
			if err == nil || code != c.code || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %v with %q", err, c.code, c.want)
			}
			for _, secret := range []string{password, key, "xxxxx"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("it shows a secret: %v", err)
				}
			}
		})
	}
}

func TestAccountWordsRequest(t *testing.T) {
	t.Parallel()
	type words = options.AccountWords
	req, err := words{MachineName: "WEB01", Reuse: "trusted", TrustedOwners: []string{"builders"}, OnError: "keep"}.Request()
	if err != nil || req.Reuse != offlinejoin.AccountReuseTrusted || req.OnError != offlinejoin.OnErrorKeep {
		t.Errorf("%+v, %v", req, err)
	}
	if req, err = (words{MachineName: "WEB01"}).Request(); err != nil || req.Reuse != offlinejoin.AccountReuseRefuse ||
		req.OnError != offlinejoin.OnErrorDelete {
		t.Errorf("%+v, %v", req, err)
	}
	for want, w := range map[string]words{
		`reuse = "always" is not known`:        {MachineName: "WEB01", Reuse: "always"},
		`on_error = "forget" is not known`:     {MachineName: "WEB01", OnError: "forget"},
		"trusted_owners":                       {MachineName: "WEB01", TrustedOwners: []string{"builders"}},
		"no distinguished name":                {MachineName: "WEB01", OU: "Web"},
		"NERR_InvalidMachineNameForJoin":       {MachineName: "a.name.with.dots"},
		"description was given the content of": {MachineName: "WEB01", Description: "-----BEGIN PRIVATE KEY-----"},
	} {
		if _, err := w.Request(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestDirectoryWordsUnused warns of words that were written and do nothing; what the environment says for all runs is no reason to.
func TestDirectoryWordsUnused(t *testing.T) {
	t.Parallel()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		words       options.DirectoryWords
		environment string
		want        string
	}{
		"one controller and a site": {options.DirectoryWords{DC: "dc1.d.test", Site: "Berlin"}, "", "site is not looked at"},
		"a site of the environment": {options.DirectoryWords{DC: "dc1.d.test"}, "OFFLINEJOIN_AD_SITE=Berlin", ""},
		"a site alone":              {options.DirectoryWords{Site: "Berlin"}, "", ""},
		"authorities, sealed":       {options.DirectoryWords{CAFile: ca, Security: "sealed"}, "", "ca_file is not looked at"},
		"authorities, TLS":          {options.DirectoryWords{CAFile: ca, Security: "ldaps"}, "", ""},
		"authorities, if need be":   {options.DirectoryWords{CAFile: ca}, "", ""},
	} {
		c.words.Domain, c.words.CCache, c.words.Getenv = "d.test", "krb5cc", environment(c.environment)
		_, warnings, err := c.words.Request()
		if err != nil || len(warnings) > 1 || (c.want == "") != (len(warnings) == 0) || !strings.Contains(strings.Join(warnings, ""), c.want) {
			t.Errorf("%s: %q, %v", name, warnings, err)
		}
	}
}
