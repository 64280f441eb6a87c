//go:generate go tool packer-sdc mapstructure-to-hcl2 -type Account,ActiveDirectory

package offlinejoin

import (
	"reflect"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// Account is the computer account that is made for the image.
type Account struct {
	// The computer name of the account, such as `WEB01`: at most 15 characters.
	MachineName string `mapstructure:"machine_name"`
	// The distinguished name of the organizational unit for a new account, such as `OU=Web,DC=corp,DC=example,DC=com`.
	// Default: the domain's container for computers.
	OU string `mapstructure:"ou"`
	// What to do when the account exists: `refuse` (default), use it when it is this user's `own` or an
	// administrator's, or also when its owner is one of the `trusted` owners (KB5020276). It then gets a new password.
	Reuse string `mapstructure:"reuse"`
	// Users and groups whose accounts may be used with `reuse` = `trusted`, by name or SID: those of the domain's
	// policy for the re-use of computer accounts.
	TrustedOwners []string `mapstructure:"trusted_owners"`
	// Give even an account that a machine has logged on with a new password, which cuts that machine off from the
	// domain, when `true`. Default: `false`.
	ReplaceLive bool `mapstructure:"replace_live"`
	// The objectGUID of the account that must be used, one that was prepared for the machine. Default: the account is
	// found by its name, or made.
	ObjectGUID string `mapstructure:"object_guid"`
	// The description of the account. A marker of at most 85 characters is kept behind it, by which runs see what
	// others left. Default: what the account has.
	Description string `mapstructure:"description"`
	// The site that the machine stays in, wherever it is moved to. Default: Windows finds out.
	PersistentSite string `mapstructure:"persistent_site"`
	// The machine's NetBIOS name. Default: its computer name.
	NetBIOSName string `mapstructure:"netbios_name"`
	// The machine's primary DNS domain. Default: the domain's name.
	PrimaryDNSDomain string `mapstructure:"primary_dns_domain"`
	// Give the machine the certificates of the authorities that the forest trusts when `true`. Default: `false`.
	RootCACerts bool `mapstructure:"root_ca_certs"`
	// What becomes of an account that was made for a join that fails: `delete` (default) removes what was made and
	// nobody booted, `disable` disables it, `keep` leaves it. An account that existed before is never deleted.
	OnError string `mapstructure:"on_error"`
}

// ActiveDirectory is how the domain is reached, and who asks it.
type ActiveDirectory struct {
	// The DNS name of the domain, such as `corp.example.com`.
	Domain string `mapstructure:"domain"`
	// The full name of the only domain controller to use, such as `dc1.corp.example.com`. Default: a writable one that
	// DNS names, of this machine's site where there is one.
	DC string `mapstructure:"dc"`
	// The Active Directory site whose domain controllers are tried first. Default: this machine's.
	Site string `mapstructure:"site"`
	// Who asks the domain: a name such as `svc-build`, or `svc-build@corp.example.com`. With `ccache` the default is
	// the user of the cache.
	User string `mapstructure:"user"`
	// The password of `user`. Give it by a `sensitive` or ephemeral variable, or better use `password_file`, `keytab`
	// or `ccache`.
	Password string `mapstructure:"password"`
	// A file with the password of `user` in its only line. Let nobody else read it.
	PasswordFile string `mapstructure:"password_file"`
	// A file with Kerberos keys of `user`, in place of a password. Default: with a `user` and no other credential, the
	// one that the environment variable `KRB5_CLIENT_KTNAME` names.
	Keytab string `mapstructure:"keytab"`
	// A Kerberos credential cache that is a file, as `kinit` makes it. Default: without another credential, the one
	// that the environment variable `KRB5CCNAME` names.
	CCache string `mapstructure:"ccache"`
	// Ask the domain as the user who is logged on to this Windows when `true`. On Windows that is also done without any
	// credential; elsewhere it is refused. Default: `false`.
	CurrentUser bool `mapstructure:"current_user"`
	// How the connection is protected: `sealed` by Kerberos on port 389, which needs no certificate, `ldaps` by TLS on
	// port 636, `starttls` by TLS on port 389. `auto` (default) is `sealed`, or `ldaps` with `simple_bind`. Nothing is
	// ever sent in the clear.
	Security string `mapstructure:"security"`
	// Log on by sending user and password inside TLS, where Kerberos cannot be had, when `true`. Default: `false`.
	SimpleBind bool `mapstructure:"simple_bind"`
	// A PEM file with the certificates of the authorities that the domain controller's certificate must come from, for
	// `ldaps` and `starttls`. Default: those that this machine trusts.
	CAFile string `mapstructure:"ca_file"`
	// How long one answer of the domain controller may take, such as `1m`. Default: `30s`.
	Timeout string `mapstructure:"timeout"`
}

// texts are the fields that hold text, for templates and for what must not be shown.
func (a *Account) texts() []field {
	return []field{
		{options.AccountMachineName, &a.MachineName},
		{options.AccountOU, &a.OU},
		{options.AccountReuse, &a.Reuse},
		{options.AccountObjectGUID, &a.ObjectGUID},
		{options.AccountDescription, &a.Description},
		{options.AccountPersistentSite, &a.PersistentSite},
		{options.AccountNetBIOSName, &a.NetBIOSName},
		{options.AccountPrimaryDNSDomain, &a.PrimaryDNSDomain},
		{options.AccountOnError, &a.OnError},
	}
}

func (d *ActiveDirectory) texts() []field {
	return []field{
		{options.ADDomain, &d.Domain},
		{options.ADController, &d.DC},
		{options.ADSite, &d.Site},
		{options.ADUser, &d.User},
		{options.ADPassword, &d.Password},
		{options.ADPasswordFile, &d.PasswordFile},
		{options.ADKeytab, &d.Keytab},
		{options.ADCCache, &d.CCache},
		{options.ADSecurity, &d.Security},
		{options.ADCAFile, &d.CAFile},
		{options.ADTimeout, &d.Timeout},
	}
}

// written reports whether the block says anything. What is not known yet is said.
func (a Account) written(notYet later) bool {
	return !reflect.DeepEqual(a, Account{}) || notYet.any(options.Of(options.Account)...)
}

func (d ActiveDirectory) written(notYet later) bool {
	return d != ActiveDirectory{} || notYet.any(options.Of(options.ActiveDirectory)...)
}

func (a Account) words() options.AccountWords {
	return options.AccountWords{
		MachineName: a.MachineName, OU: a.OU, Reuse: a.Reuse, TrustedOwners: a.TrustedOwners, ReplaceLive: a.ReplaceLive,
		ObjectGUID: a.ObjectGUID, Description: a.Description, PersistentSite: a.PersistentSite, NetBIOSName: a.NetBIOSName,
		PrimaryDNSDomain: a.PrimaryDNSDomain, RootCACerts: a.RootCACerts, OnError: a.OnError,
	}
}

func (d ActiveDirectory) words() options.DirectoryWords {
	return options.DirectoryWords{
		Domain: d.Domain, DC: d.DC, Site: d.Site, User: d.User, Password: core.NewSecret([]byte(d.Password)), PasswordFile: d.PasswordFile,
		Keytab: d.Keytab, CCache: d.CCache, CurrentUser: d.CurrentUser, Security: d.Security, SimpleBind: d.SimpleBind, CAFile: d.CAFile,
		Timeout: d.Timeout,
	}
}

// checkAccount returns what is wrong with the blocks account and active_directory by themselves.
func (o JoinOptions) checkAccount(notYet later) (errs []error) {
	if !o.Account.written(notYet) {
		if o.ActiveDirectory.written(notYet) {
			return []error{mistake("active_directory is there without account: write an account block with machine_name, or leave it out")}
		}
		return nil
	}
	if o.Expect != (Expect{}) || notYet.any(options.MachineName, options.Domain) {
		errs = append(errs, mistake("expect is about a blob: leave it out beside account"))
	}
	if !notYet.any(options.Of(options.Account)...) {
		if o.Account.MachineName == "" {
			errs = append(errs, mistake("account has no machine_name: write the computer name, such as WEB01"))
		} else if _, err := o.Account.words().Request(); err != nil {
			errs = append(errs, err)
		}
	}
	if !notYet.any(options.Of(options.ActiveDirectory)...) {
		if err := o.ActiveDirectory.words().Check(); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}
