package activedirectory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
)

func TestSecretPrintsAsNothing(t *testing.T) {
	t.Parallel()
	const password = "Hush.Hush-4711"
	secret := NewSecret([]byte(password))
	type hidden struct{ s Secret }
	type public struct {
		S Secret
		P *Secret
		C Credential
	}
	values := map[string]any{
		"value": secret, "pointer": &secret, "unexported field": hidden{secret}, "pointer to it": &hidden{secret},
		"exported field": public{S: secret, P: &secret, C: Credential{User: "u", Password: secret}},
		"slice":          []Secret{secret}, "map": map[string]Secret{"k": secret},
		"credential": Credential{User: "u", Password: secret},
	}
	for name, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U", "%b", "%o", "%T", "%p"} {
			wantNoSecret(t, name+" "+verb, fmt.Sprintf(verb, v), password)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		wantNoSecret(t, name+" JSON", string(text), password)
		for _, handler := range []func(*bytes.Buffer) slog.Handler{
			func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var b bytes.Buffer
			slog.New(handler(&b)).Info("x", "v", v)
			wantNoSecret(t, name+" slog", b.String(), password)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, secret); got != "(secret)" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

// wantNoSecret requires that text has the secret in none of the forms that a printer or encoder gives it.
func wantNoSecret(t testing.TB, where, text, secret string) {
	t.Helper()
	decimal := strings.Trim(fmt.Sprint([]byte(secret)), "[]")
	for _, form := range []string{
		secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), decimal, strings.ReplaceAll(decimal, " ", ","),
		strings.Trim(fmt.Sprintf("%#v", []byte(secret)), "[]byte{}"), base64Of(secret),
	} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows the secret: %s", where, text)
		}
	}
}

func base64Of(s string) string {
	b, err := json.Marshal([]byte(s))
	if err != nil {
		panic(err)
	}
	return strings.TrimRight(strings.Trim(string(b), `"`), "=")
}

func TestSecretIsACopyAndCanBeWiped(t *testing.T) {
	t.Parallel()
	b := []byte("password")
	s := NewSecret(b)
	clear(b)
	if s.reveal() != "password" || s.empty() {
		t.Errorf("%q", s.reveal())
	}
	same := s
	s.Wipe()
	if !s.empty() || !same.empty() || same.reveal() != "" {
		t.Error("still there")
	}
	var zero Secret
	zero.Wipe()
	if !zero.empty() || zero.reveal() != "" {
		t.Error("the zero Secret is not empty")
	}
}

func TestCredentialIsOfExactlyOneKind(t *testing.T) {
	t.Parallel()
	p := NewSecret([]byte("p"))
	for name, c := range map[string]Credential{
		"password": {User: "u", Password: p}, "keytab": {User: "u", Keytab: "k"}, "cache": {CCache: "c"},
		"cache of a user": {User: "u", CCache: "c"},
	} {
		if err := c.check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]Credential{
		"a password in Latin-1": {User: "svc", Password: NewSecret([]byte("K\xf6nig"))},
		"none":                  {User: "u"}, "empty password": {User: "u", Password: NewSecret(nil)},
		"two": {User: "u", Password: p, Keytab: "k"}, "two files": {User: "u", Keytab: "k", CCache: "c"},
		"all": {User: "u", Password: p, Keytab: "k", CCache: "c", CurrentUser: true}, "no user": {Password: p},
		"keytab without a user": {Keytab: "k"}, "down-level name": {User: `D\u`, Password: p},
		"current user with a name": {User: "u", CurrentUser: true},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); wantRefusal(t, c.check(), 87) })
	}
	if runtime.GOOS != "windows" {
		wantRefusal(t, Credential{CurrentUser: true}.check(), 50, "keytab")
		_, err := newSSPIContext("ldap/x", nil, true)
		wantRefusal(t, err, 50, "keytab")
	}
}

func TestSettingsNeverAllowAPasswordInTheClear(t *testing.T) {
	t.Parallel()
	p := Credential{User: "u", Password: NewSecret([]byte("p"))}
	for _, row := range []struct {
		set  Settings
		want Security
	}{
		{Settings{}, Sealed},
		{Settings{Security: Auto}, Sealed},
		{Settings{Security: Auto, Simple: true}, LDAPS},
		{Settings{Security: StartTLS, Simple: true}, StartTLS},
	} {
		got, err := row.set.withDefaults(p)
		if err != nil || got.Security != row.want || got.Timeout <= 0 || got.Dial == nil {
			t.Errorf("%+v: %+v %v", row.set, got.Security, err)
		}
	}
	_, err := Settings{Security: Sealed, Simple: true}.withDefaults(p)
	wantRefusal(t, err, 2718, "inside TLS only")
	_, err = Settings{Security: "plain"}.withDefaults(p)
	wantRefusal(t, err, 87, "auto, sealed, ldaps or starttls")
	_, err = Settings{Security: LDAPS, Simple: true}.withDefaults(Credential{User: "u", Keytab: "k"})
	wantRefusal(t, err, 87, "needs a password")
}
