package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/term"
)

// directoryFlags are the flags that say how the domain is reached. A password is never one of them.
func directoryFlags(cmd *cobra.Command, w *options.DirectoryWords) {
	text := func(name options.Name, kind string, to *string) {
		optionFlag(cmd, name, kind, func(s string) error {
			*to = s
			return options.CheckWord(name, s)
		})
		cmd.Flags().Lookup(name.Flag()).Usage += " Environment: " + name.Variable() + "."
	}
	text(options.ADDomain, "NAME", &w.Domain)
	text(options.ADController, "NAME", &w.DC)
	text(options.ADSite, "NAME", &w.Site)
	text(options.ADUser, "NAME", &w.User)
	text(options.ADPasswordFile, "FILE", &w.PasswordFile)
	cmd.Flags().Lookup(options.ADPasswordFile.Flag()).Usage += " A dash means standard input."
	text(options.ADKeytab, "FILE", &w.Keytab)
	text(options.ADCCache, "FILE", &w.CCache)
	text(options.ADSecurity, "WORD", &w.Security)
	text(options.ADCAFile, "FILE", &w.CAFile)
	text(options.ADTimeout, "DURATION", &w.Timeout)
	cmd.Flags().BoolVar(&w.CurrentUser, options.ADCurrentUser.Flag(), false, doc(options.ADCurrentUser))
	cmd.Flags().BoolVar(&w.SimpleBind, options.ADSimpleBind.Flag(), false, doc(options.ADSimpleBind))
}

// accountFlags are the flags that ask for an account.
func accountFlags(cmd *cobra.Command, w *options.AccountWords) {
	text := func(name options.Name, kind string, to *string) {
		optionFlag(cmd, name, kind, func(s string) error {
			*to = s
			return options.CheckWord(name, s)
		})
	}
	required(cmd, options.AccountMachineName, "NAME", setString(&w.MachineName))
	text(options.AccountOU, "DN", &w.OU)
	text(options.AccountReuse, "WORD", &w.Reuse)
	optionFlag(cmd, options.AccountTrustedOwners, "NAME,...", func(s string) error {
		w.TrustedOwners = append(w.TrustedOwners, strings.Split(s, ",")...) // no name of an account holds a comma
		return nil
	})
	text(options.AccountObjectGUID, "GUID", &w.ObjectGUID)
	text(options.AccountDescription, "TEXT", &w.Description)
	text(options.AccountPersistentSite, "NAME", &w.PersistentSite)
	text(options.AccountNetBIOSName, "NAME", &w.NetBIOSName)
	text(options.AccountPrimaryDNSDomain, "NAME", &w.PrimaryDNSDomain)
	text(options.AccountOnError, "WORD", &w.OnError)
	cmd.Flags().BoolVar(&w.ReplaceLive, options.AccountReplaceLive.Flag(), false, doc(options.AccountReplaceLive))
	cmd.Flags().BoolVar(&w.RootCACerts, options.AccountRootCACerts.Flag(), false, doc(options.AccountRootCACerts))
}

// directory returns the domain that the words name. The caller calls end, which forgets the password.
func (a *app) directory(w options.DirectoryWords) (d *offlinejoin.Directory, end func(), err error) {
	w.In = a.stdin
	req, warnings, err := w.Request()
	if err != nil {
		return nil, nil, err
	}
	for _, warning := range warnings {
		a.warn(warning)
	}
	d = offlinejoin.NewDirectory(req)
	return d, func() {
		_ = d.Close() // all has been asked
		req.Credential.Password.Wipe()
	}, nil
}

// accountLine is what is to be done with an account, or was, in one line. What the directory has written enters the text here.
func accountLine(p *offlinejoin.AccountPlan) string {
	dn, dc := plaintext.Line(p.DN, 0), plaintext.Line(p.DC, 0)
	switch p.Action {
	case offlinejoin.AccountCreate:
		return "Would make the account " + dn + " at " + dc + "."
	case offlinejoin.AccountReset:
		return "Would give the account " + dn + " a new password at " + dc + "."
	}
	return "The account " + dn + " has the password that the image holds."
}

// showAccount prints what the directory has of an account.
func (a *app) showAccount(f *offlinejoin.AccountFacts) {
	status := string(f.Status)
	if f.Why != "" {
		status += " (" + f.Why + ")"
	}
	if f.NameTaken {
		status += "; another account has its name"
	}
	line := func(name, value string) term.Fact { return fact(name, plaintext.Line(value, 0)) }
	term.WriteFacts(a.Out,
		line("Account", f.DN),
		line("Status", status),
		line("Machine", f.MachineName),
		line("Domain", f.Domain),
		line("objectGUID", f.ObjectGUID),
		line("SID", f.SID),
		line("Owner", f.OwnerSID),
		line("Password set", f.PasswordLastSet.String()),
		line("Last logon", f.LastLogon.String()),
		line("Description", f.Description),
		line("Marker", f.Marker),
		line("Controller", f.DC),
	)
}
