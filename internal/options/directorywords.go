package options

import (
	"bytes"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// DirectoryWords are the options of the block active_directory as the user wrote them, in whatever front end; what is empty
// was not written.
type DirectoryWords struct {
	Domain, DC, Site string
	User             string
	Password         offlinejoin.Secret // the words do not own it
	PasswordFile     string             // "-" is In, where there is one
	Keytab, CCache   string
	CurrentUser      bool
	Security         string
	SimpleBind       bool
	CAFile           string
	Timeout          string

	// In is what a password_file "-" is read from; nil: "-" is a file's name.
	In io.Reader
	// Getenv reads the environment; nil is os.Getenv.
	Getenv func(string) string
}

// Variable returns the environment variable that an option of the block active_directory has for a default.
func (n Name) Variable() string { return "OFFLINEJOIN_" + strings.ToUpper(string(n)) }

// The environment variables of Kerberos programs that are used when nothing else names a credential.
const (
	keytabVariable = "KRB5_CLIENT_KTNAME"
	ccacheVariable = "KRB5CCNAME"
)

// Check refuses words that are wrong by themselves, without reading a file or the environment (87).
func (w DirectoryWords) Check() error {
	for _, one := range w.Used() {
		if err := NotContent(one.Option, one.Path); err != nil {
			return err
		}
	}
	for _, one := range []struct {
		name  Name
		value string
	}{
		{ADDomain, w.Domain}, {ADController, w.DC}, {ADSite, w.Site}, {ADUser, w.User}, {ADSecurity, w.Security}, {ADTimeout, w.Timeout},
	} {
		if err := NotSecret(one.name, one.value); err != nil {
			return err
		}
	}
	req := offlinejoin.DirectoryRequest{Domain: w.Domain, DC: w.DC, Site: w.Site, Credential: offlinejoin.Credential{User: w.User}}
	if err := req.Check(); err != nil {
		return err
	}
	if credentials := w.credentials(); len(credentials) > 1 {
		return winerr.Errorf(winerr.InvalidParameter, "%s are given, and one of them is taken: leave the others out",
			strings.Join(credentials, " and "))
	}
	if w.CurrentUser && w.User != "" {
		return winerr.Errorf(winerr.InvalidParameter, "current_user needs no user: leave user out")
	}
	security, err := choose(ADSecurity, w.Security)
	if err != nil {
		return err
	}
	if w.SimpleBind {
		switch {
		case security == "sealed":
			return winerr.Errorf(winerr.ConnectionInsecure, `simple_bind sends the password, and is done inside TLS only: set `+
				`security = "ldaps" or security = "starttls"`)
		case w.Keytab != "" || w.CCache != "" || w.CurrentUser:
			return winerr.Errorf(winerr.InvalidParameter, "simple_bind needs a user and a password: give password_file")
		}
	}
	_, err = w.timeout()
	return err
}

// NotSecret refuses the content of a secret file as a value that is no path (87).
func NotSecret(name Name, value string) error {
	if !IsSecretContent(value) {
		return nil
	}
	return winerr.Errorf(winerr.InvalidParameter, "%s was given the content of a secret file, which is not shown: correct it", name)
}

// Used returns the paths of files that are read.
func (w DirectoryWords) Used() []Used {
	used := []Used{
		{Option: ADKeytab, Path: w.Keytab}, {Option: ADCCache, Path: w.CCache}, {Option: ADCAFile, Path: w.CAFile},
	}
	if w.PasswordFile != "-" || w.In == nil {
		used = append(used, Used{Option: ADPasswordFile, Path: w.PasswordFile})
	}
	return used
}

// credentials returns the words of the credentials that are given.
func (w DirectoryWords) credentials() (words []string) {
	for _, c := range []struct {
		name  Name
		given bool
	}{
		{ADPassword, !w.Password.IsEmpty()},
		{ADPasswordFile, w.PasswordFile != ""},
		{ADKeytab, w.Keytab != ""},
		{ADCCache, w.CCache != ""},
		{ADCurrentUser, w.CurrentUser},
	} {
		if c.given {
			words = append(words, c.name.String())
		}
	}
	return words
}

func (w DirectoryWords) timeout() (time.Duration, error) {
	if w.Timeout == "" {
		return 0, nil
	}
	t, err := time.ParseDuration(w.Timeout)
	if err != nil || t <= 0 {
		return 0, winerr.Errorf(winerr.InvalidParameter,
			"timeout = %q is no length of time: write a number with its unit, such as \"30s\" or \"2m\"", w.Timeout)
	}
	return t, nil
}

// Request returns how the domain is reached: what the words do not say is taken from the environment, and the files that they
// name are read. The caller wipes the password of the credential (offlinejoin.Secret.Wipe) when the directory is closed. Each
// warning is one sentence. Errors carry 87 for wrong words, for no credential and for two of them, 2 and 5 for files.
func (w DirectoryWords) Request() (req offlinejoin.DirectoryRequest, warnings []string, err error) {
	unused := w.unused()
	if w, err = w.settled(); err != nil {
		return req, nil, wrongWords(err)
	}
	req = offlinejoin.DirectoryRequest{Domain: w.Domain, DC: w.DC, Site: w.Site}
	req.Settings.Security, req.Settings.Simple = offlinejoin.Security(w.Security), w.SimpleBind
	if req.Settings.Timeout, err = w.timeout(); err != nil {
		return req, nil, err
	}
	if w.CAFile != "" {
		if req.Settings.Roots, err = offlinejoin.LoadRoots(w.CAFile); err != nil {
			return req, nil, err
		}
	}
	req.Credential, warnings, err = w.credential()
	return req, append(unused, warnings...), err
}

// unused returns a warning for each word that was written and is not looked at beside another. It is no refusal: defaults for many
// joins hold words that one of them needs no more.
func (w DirectoryWords) unused() (warnings []string) {
	if w.DC != "" && w.Site != "" {
		warnings = append(warnings, "site is not looked at, since dc names the one controller to use: leave one of them out")
	}
	if w.CAFile != "" && w.Security == "sealed" {
		warnings = append(warnings, `ca_file is not looked at, since security = "sealed" needs no certificate: leave it out, or set `+
			`security = "ldaps" or security = "starttls"`)
	}
	return warnings
}

// settled returns the words with what the environment adds, checked.
func (w DirectoryWords) settled() (DirectoryWords, error) {
	if err := w.Check(); err != nil {
		return w, err
	}
	w = w.withEnvironment()
	if err := w.Check(); err != nil {
		return w, err
	}
	if w.Domain == "" {
		return w, winerr.Errorf(winerr.InvalidParameter, "no domain is named: set domain to its DNS name, or the environment "+
			"variable %s", ADDomain.Variable())
	}
	return w, w.checkCredential()
}

// checkCredential refuses words that name no credential, or one without its user (87).
func (w DirectoryWords) checkCredential() error {
	switch given := w.credentials(); {
	case len(given) == 0:
		return winerr.Errorf(winerr.InvalidParameter, `no credential for the domain is given: set user = "svc-build" with `+
			`password_file or keytab = "svc-build.keytab", or set ccache = "krb5cc" as kinit makes it, or the environment variables `+
			"%s and %s, %s or %s",
			ADUser.Variable(), ADPasswordFile.Variable(), ADKeytab.Variable(), ADCCache.Variable())
	case w.User == "" && w.CCache == "" && !w.CurrentUser:
		return winerr.Errorf(winerr.InvalidParameter, `%s is given without a user: set user = "svc-build", or the environment variable %s`,
			given[0], ADUser.Variable())
	}
	return nil
}

// withEnvironment fills in what was not written. A credential of the environment is used only where none was written.
func (w DirectoryWords) withEnvironment() DirectoryWords {
	getenv := w.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	fill := func(word *string, name Name) {
		if *word == "" {
			*word = getenv(name.Variable())
		}
	}
	fill(&w.Domain, ADDomain)
	fill(&w.DC, ADController)
	fill(&w.Site, ADSite)
	fill(&w.Security, ADSecurity)
	fill(&w.CAFile, ADCAFile)
	fill(&w.Timeout, ADTimeout)
	if len(w.credentials()) == 0 {
		fill(&w.PasswordFile, ADPasswordFile)
		fill(&w.Keytab, ADKeytab)
		fill(&w.CCache, ADCCache)
		if password := getenv(ADPassword.Variable()); password != "" {
			w.Password = offlinejoin.NewSecret([]byte(password))
		}
	}
	if w.CCache == "" && !w.CurrentUser {
		fill(&w.User, ADUser)
	}
	if len(w.credentials()) > 0 {
		return w
	}
	if w.User != "" {
		w.Keytab = getenv(keytabVariable)
	}
	if w.Keytab == "" {
		w.CCache = getenv(ccacheVariable)
	}
	w.CurrentUser = len(w.credentials()) == 0 && w.User == "" && runtime.GOOS == "windows"
	return w
}

// credential reads what the words name.
func (w DirectoryWords) credential() (c offlinejoin.Credential, warnings []string, err error) {
	c = offlinejoin.Credential{User: w.User, Password: w.Password, Keytab: w.Keytab, CCache: w.CCache, CurrentUser: w.CurrentUser}
	if w.PasswordFile != "" {
		var warning string
		if c.Password, warning, err = w.readPassword(); err != nil {
			return c, nil, err
		}
		if warning != "" {
			warnings = append(warnings, warning)
		}
	}
	for _, file := range []Used{{Option: ADKeytab, Path: w.Keytab}} {
		if file.Path == "" {
			continue
		}
		f, _, err := openRegular(strings.TrimPrefix(file.Path, "FILE:"), file.Option)
		if err != nil {
			return c, nil, err
		}
		if warning := readersWarning(f, plaintext.Line(file.Path, 0), "its keys are as good as a password"); warning != "" {
			warnings = append(warnings, warning)
		}
		f.Close() // only looked at
	}
	return c, warnings, nil
}

// maxPassword is the size in bytes of the largest password that is read. Windows takes 256 characters.
const maxPassword = 4 << 10

// readPassword reads the file with a password: one line, whose end does not belong to it.
func (w DirectoryWords) readPassword() (secret offlinejoin.Secret, warning string, err error) {
	name, from := plaintext.Line(w.PasswordFile, 0), w.In
	if w.PasswordFile == "-" && w.In != nil {
		name = "the password on standard input"
	} else {
		f, _, err := openRegular(w.PasswordFile, ADPasswordFile)
		if err != nil {
			return secret, "", err
		}
		defer f.Close()
		from, warning = f, readersWarning(f, name, "it holds a password")
	}
	content, err := readBounded(from, maxPassword, maxPassword)
	defer clear(content)
	line := passwordLine(content)
	switch {
	case err != nil:
		return secret, "", cannotRead(name, "password", err)
	case len(content) > maxPassword:
		return secret, "", winerr.Errorf(winerr.InvalidParameter, "%s is larger than 4 KiB, so it is no password", name)
	case len(line) == 0:
		return secret, "", winerr.Errorf(winerr.InvalidParameter, "%s is empty: write the password in its only line", name)
	case !utf8.Valid(line), slices.ContainsFunc(line, func(b byte) bool { return b == '\n' || b == '\r' || b == 0 }):
		return secret, "", winerr.Errorf(winerr.InvalidParameter, "%s has more than one line, or is no text: a password is one line in "+
			"UTF-8", name)
	}
	return offlinejoin.NewSecret(line), warning, nil
}

// passwordLine returns the password in the content of its file, without the byte order mark and the end of the line that editors add.
func passwordLine(content []byte) []byte {
	line := bytes.TrimPrefix(content, []byte("\ufeff"))
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
}
