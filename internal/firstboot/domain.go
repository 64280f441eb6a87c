package firstboot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/odj/blobfolder"
	"github.com/offlinejoin/offlinejoin/internal/privatefile"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// Domain is a live domain that can be reached from where the machine runs, and the account that the scenario domain-logon logs on
// there. All but DNS is needed.
type Domain struct {
	Blob         string // a file with the blob of a machine account of the domain
	User         string // an account of the same domain: NAME, DOMAIN\NAME or NAME@domain.example
	PasswordFile string // a file with the user's password as one line of UTF-8, which nobody else can read
	DNS          string // IPv4 address of a DNS server that knows the domain; empty: the host's resolver does
}

// domain is one that was given, read and checked.
type domain struct {
	file     string // of the blob
	name     string // DNS name
	account  string // the user's name before Windows 2000 (sAMAccountName)
	password []byte // UTF-8
	dns      netip.Addr
}

// readDomain reads what was given; nil when nothing was. Its errors say what to do, and show nothing of the password.
func readDomain(d Domain) (*domain, error) {
	if d == (Domain{}) {
		return nil, nil
	}
	for _, needed := range []struct{ what, value string }{
		{"a file with the blob of a machine account (-domain-blob)", d.Blob},
		{"the name of a user (-domain-user)", d.User},
		{"a file with the user's password (-domain-password-file)", d.PasswordFile},
	} {
		if needed.value == "" {
			return nil, fmt.Errorf("logging on to a domain also needs %s", needed.what)
		}
	}
	found := &domain{file: d.Blob}
	var err error
	if d.DNS != "" {
		if found.dns, err = netip.ParseAddr(d.DNS); err != nil || !found.dns.Is4() {
			return nil, fmt.Errorf("%q is no IPv4 address of a DNS server: write one such as 192.0.2.53", d.DNS)
		}
	}
	blob, err := blobfolder.Read(d.Blob)
	if err != nil {
		return nil, fmt.Errorf("the blob of the domain, %s: %w", d.Blob, err)
	}
	defer blob.Wipe()
	found.name = blob.DNSDomain()
	if found.account, err = accountName(d.User, blob); err != nil {
		return nil, err
	}
	found.password, err = readPassword(d.PasswordFile)
	return found, err
}

func (d *domain) wipe() {
	if d != nil {
		clear(d.password)
	}
}

// maxAccountName bounds a user's sAMAccountName (Microsoft Learn: SAM-Account-Name).
const maxAccountName = 20

// accountName returns the name of a user in the domain of a blob. Another domain's users are refused: their logon would say less
// about the machine's account, and their identifiers are not known.
func accountName(user string, blob *odj.Blob) (string, error) {
	name, ours := user, true
	if before, after, found := strings.Cut(user, `\`); found {
		name, ours = after, strings.EqualFold(before, blob.NetBIOSDomain()) || strings.EqualFold(before, blob.DNSDomain())
	} else if before, after, found := strings.Cut(user, "@"); found {
		name, ours = before, strings.EqualFold(after, blob.DNSDomain())
	}
	switch {
	case !ours:
		return "", errors.New(`the user is of another domain than the blob, or has another suffix: write DOMAIN\NAME of the blob's domain`)
	case name == "" || len(utf16.Encode([]rune(name))) > maxAccountName || strings.ContainsFunc(name, notInAccountName):
		return "", fmt.Errorf(`the user's name is none: write NAME, DOMAIN\NAME or NAME@domain.example, with the name of at most %d `+
			"characters that the domain had before Windows 2000 (sAMAccountName)", maxAccountName)
	}
	return name, nil
}

func notInAccountName(r rune) bool {
	return unicode.IsControl(r) || strings.ContainsRune(`"/\[]:;|=,+*?<>@`, r) || r == utf8.RuneError
}

// Bounds of a password: bytes of its file, and characters (the most that Windows lets people type).
const (
	maxPasswordFile = 1 << 10
	maxPassword     = 127
)

// readPassword reads a password from a file that is private.
func readPassword(name string) (password []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	who, err := privatefile.Readers(f)
	if err != nil {
		return nil, fmt.Errorf("who can read the password file cannot be found out: %w", err)
	}
	if who != "" {
		return nil, fmt.Errorf("the password file %s can be read by others (%s): %s it, and use another password if somebody has", name, who,
			privatefile.Cure)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxPasswordFile+1))
	if err != nil {
		return nil, err
	}
	line := bytes.TrimSuffix(bytes.TrimSuffix(content, []byte("\n")), []byte("\r"))
	if len(line) == 0 || len(content) > maxPasswordFile || !utf8.Valid(line) || bytes.ContainsFunc(line, unicode.IsControl) ||
		len(utf16.Encode([]rune(string(line)))) > maxPassword {
		clear(content)
		return nil, fmt.Errorf("the password file %s does not hold a password of at most %d characters as one line of UTF-8", name, maxPassword)
	}
	return line, nil
}

// nrptRule names our rule of the name resolution policy table.
const nrptRule = "{6d0d6c1b-3a0e-4f6b-9c39-5f5f1b0c7a21}"

// reachDomain makes Windows read the machine's clock as UTC, as a boot with a network sets it, whatever its time zone: Kerberos
// allows five minutes. Where a DNS server was given, names of the domain are asked of that one ([MS-GPNRPT] 2.2.2, local rules).
func reachDomain(g *guest) error {
	err := g.set(g.controlSet+`\Control\TimeZoneInformation`, "RealTimeIsUniversal", regf.DWORD, regf.DWORDData(1))
	if err != nil || !g.domain.dns.IsValid() {
		return err
	}
	const genericServerOnly, version = 8, 2
	rule := g.controlSet + `\Services\Dnscache\Parameters\DnsPolicyConfig\` + nrptRule
	name := append(regf.TextData("."+g.domain.name), 0, 0) // a list of one
	return errors.Join(
		g.set(rule, "Version", regf.DWORD, regf.DWORDData(version)), g.set(rule, "Name", regf.MultiSZ, name),
		g.set(rule, "ConfigOptions", regf.DWORD, regf.DWORDData(genericServerOnly)),
		g.set(rule, "GenericDNSServers", regf.SZ, regf.TextData(g.domain.dns.String())),
	)
}

// Keys of the SOFTWARE hive, and values of two of them.
const (
	winlogonKey       = `Microsoft\Windows NT\CurrentVersion\Winlogon`
	profileListKey    = `Microsoft\Windows NT\CurrentVersion\ProfileList`
	systemPoliciesKey = `Microsoft\Windows\CurrentVersion\Policies\System`

	legalCaption, legalText = "legalnoticecaption", "legalnoticetext"
)

// logOnAtStart makes Windows log the user on when it has started (Microsoft Learn: Turn on automatic logon in Windows), wait for
// the network before that, and show nothing that waits for a person (by policies).
func logOnAtStart(g *guest) error {
	return g.edit("SOFTWARE", func(h *regf.Hive) error {
		password := regf.TextData(string(g.domain.password))
		defer clear(password)
		const policies = `Policies\Microsoft\`
		for _, v := range []struct {
			key, name string
			typ       regf.Type
			data      []byte
		}{
			{winlogonKey, "AutoAdminLogon", regf.SZ, regf.TextData("1")},
			{winlogonKey, "DefaultUserName", regf.SZ, regf.TextData(g.domain.account)},
			{winlogonKey, "DefaultDomainName", regf.SZ, regf.TextData(g.domain.name)},
			{winlogonKey, "DefaultPassword", regf.SZ, password},
			{policies + `Windows NT\CurrentVersion\Winlogon`, "SyncForegroundPolicy", regf.DWORD, regf.DWORDData(1)},
			{policies + `Windows\System`, "GpNetworkStartTimeoutPolicyValue", regf.DWORD, regf.DWORDData(120)}, // seconds
			{policies + `Windows\OOBE`, "DisablePrivacyExperience", regf.DWORD, regf.DWORDData(1)},
			{systemPoliciesKey, "EnableFirstLogonAnimation", regf.DWORD, regf.DWORDData(0)},
		} {
			k, _, err := h.CreateKey(v.key, nil)
			if err != nil {
				return err
			}
			if err := k.SetValue(v.name, v.typ, v.data); err != nil {
				return err
			}
		}
		// A count that is used up turns the automatic logon off, and so does a notice that a person would confirm.
		return deleteValues(h, map[string][]string{
			winlogonKey: {"AutoLogonCount", legalCaption, legalText}, systemPoliciesKey: {legalCaption, legalText},
		})
	})
}

// deleteValues deletes those values of keys that are there.
func deleteValues(h *regf.Hive, values map[string][]string) error {
	for key, names := range values {
		k, err := h.Key(key)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := k.DeleteValue(name); err != nil && !errors.Is(err, regf.ErrNotFound) {
				return err
			}
		}
	}
	return nil
}

// edit changes another hive than SYSTEM.
func (g *guest) edit(name string, change func(*regf.Hive) error) error {
	h, end, err := openHive(g.OpenWrite, g.file("System32/config/"+name))
	if err != nil {
		return err
	}
	defer end()
	if err := change(h); err != nil {
		return err
	}
	_, err = h.Commit(regf.CommitOptions{Forget: true})
	return err
}

// openHive opens a hive with those of its two logs that are there.
func openHive(open func(string) (imagefs.File, error), name string) (h *regf.Hive, end func(), err error) {
	var files [3]regf.File
	var opened []io.Closer
	end = func() {
		for _, f := range opened {
			_ = f.Close() // what was written is synced by its commit
		}
	}
	for i, suffix := range []string{"", ".LOG1", ".LOG2"} {
		f, err := open(name + suffix)
		if i > 0 && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			end()
			return nil, nil, err
		}
		files[i], opened = f, append(opened, f)
	}
	if h, err = regf.Open(regf.Files{Primary: files[0], Log1: files[1], Log2: files[2]}); err != nil {
		end()
		return nil, nil, err
	}
	return h, end, nil
}

// readProfiles notes whose profiles the Windows in a disk knows: the security identifiers of accounts that have logged on.
func (s *sight) readProfiles(ctx context.Context, disk string) error {
	session, err := open.Image(ctx, imageOf(disk).Location, imagefs.Read)
	if err != nil {
		return err
	}
	defer session.Close()
	h, end, err := openHive(session.Open, session.Windows()+"/System32/config/SOFTWARE")
	if errors.Is(err, regf.ErrUnrecoverable) || errors.Is(err, regf.ErrCorrupt) || errors.Is(err, regf.ErrNotHive) {
		s.noProfiles = true
		return nil
	}
	if err != nil {
		return err
	}
	defer end()
	list, err := h.Key(profileListKey)
	if errors.Is(err, regf.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for key, err := range list.Subkeys() {
		if err != nil {
			return err
		}
		if v, err := key.Value("ProfileImagePath"); err == nil {
			if path, err := v.Text(); err == nil && path != "" {
				s.profiles = append(s.profiles, strings.ToUpper(key.Name()))
			}
		}
	}
	return nil
}

// newAccounts returns the accounts of people, of any domain or machine, that have a profile and had none before: a prefix and one
// number ([MS-DTYP] 2.4.2.4).
func (s *sight) newAccounts(before *sight) (all []string) {
	for _, sid := range s.profiles {
		if strings.HasPrefix(sid, "S-1-5-21-") && !slices.Contains(before.profiles, sid) {
			all = append(all, sid)
		}
	}
	return all
}

// isAccountOf reports whether an identifier is a domain's and one number behind it.
func isAccountOf(sid, domain string) bool {
	number, found := strings.CutPrefix(sid, strings.ToUpper(domain)+"-")
	return found && number != "" && strings.Trim(number, "0123456789") == ""
}
