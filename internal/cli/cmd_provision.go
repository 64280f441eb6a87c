package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/agefile"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/privatefile"
	"github.com/offlinejoin/offlinejoin/internal/term"
	"github.com/offlinejoin/offlinejoin/internal/version"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// provisionDocument is what became of an account and its blob. It holds no secret.
type provisionDocument struct {
	SchemaVersion int                       `json:"schema_version"`
	Outcome       string                    `json:"outcome"` // provisioned
	Account       *offlinejoin.AccountFacts `json:"account"`
	Blob          offlinejoin.BlobFacts     `json:"blob"`
	File          string                    `json:"file"`
	Recipients    int                       `json:"recipients"` // 0: the file is not encrypted
	Warnings      []string                  `json:"warnings"`
}

// provisionPlanDocument is what a dry run comes to.
type provisionPlanDocument struct {
	SchemaVersion int                      `json:"schema_version"`
	Outcome       offlinejoin.Outcome      `json:"outcome"` // planned
	Plan          *offlinejoin.AccountPlan `json:"account_plan"`
}

// provisioning is one `provision`.
type provisioning struct {
	account options.AccountWords
	domain  options.DirectoryWords
	sealing // recipients, armor and output
	dryRun  bool
}

func (a *app) provision() *cobra.Command {
	var p provisioning
	cmd := &cobra.Command{
		Use:   "provision",
		Short: "Make a computer account and write its blob to a file, as djoin /provision does",
		Long: `Make a computer account and write its blob to a file, as djoin /provision does.

It works from every system, over LDAP and Kerberos. The file holds a machine password: only its owner can read it, and
with --age-recipient only the encrypted file ever exists. Where the image is at hand, ` + "`offlinejoin join`" + ` needs no file.

What djoin calls by other names:

    djoin                    here
    /domain, /machine        --domain, --machine-name
    /machineou               --account-ou
    /dcname                  --dc
    /reuse                   --account-reuse own, or trusted with --account-trusted-owners
    /savefile                --output FILE
    /printblob               --output -
    /psite                   --account-persistent-site
    /netbios, /primarydns    --account-netbios-name, --account-primary-dns-domain
    /rootcacerts             --account-root-ca-certs
    /nosearch                none: the other controllers are always asked for the name
    /defpwd, /downlevel      none: a default password can be guessed
    /certtemplate, /policynames, /policypaths
                             none: only Windows can make those parts`,
		Example: `  offlinejoin provision --domain corp.example.com --machine-name WEB01 --ad-user svc-build --ad-keytab build.keytab \
    --output web01.djoin.age --age-recipient age1…
  offlinejoin provision --domain corp.example.com --machine-name WEB01 --output web01.djoin --dry-run`,
		Args: cobra.NoArgs,
		RunE: a.begin(func(ctx context.Context, _ []string) error { return a.carryOutProvision(ctx, &p) }),
	}
	accountFlags(cmd, &p.account)
	directoryFlags(cmd, &p.domain)
	flags := cmd.Flags()
	flags.StringVarP(&p.output, "output", "o", "", "write the blob to this new `FILE`; a dash means standard output")
	flags.StringArrayVar(&p.keys, "age-recipient", nil,
		"encrypt to this public `KEY`: age1…, ssh-ed25519 … or ssh-rsa …; may be given more than once")
	flags.StringArrayVar(&p.lists, "age-recipients-file", nil,
		"encrypt to all public keys in this `FILE`, one on a line; may be given more than once")
	flags.BoolVar(&p.asText, "armor", false, "write what is encrypted as text instead of bytes")
	flags.BoolVar(&p.dryRun, options.DryRun.Flag(), false, "make every check and write nothing")
	if err := cmd.MarkFlagRequired("output"); err != nil {
		panic(err) // the flag was added above
	}
	return cmd
}

func (a *app) carryOutProvision(ctx context.Context, p *provisioning) error {
	acc, err := p.account.Request()
	if err != nil {
		return err
	}
	if err := a.checkOutput(p); err != nil {
		return err
	}
	if acc.Place, err = filepath.Abs(p.output); err != nil {
		return winerr.Errorf(winerr.FileNotFound, "the working directory does not exist any more (%w): change to one that does, or give the "+
			"whole path to --output", err)
	}
	d, end, err := a.directory(p.domain)
	if err != nil {
		return err
	}
	defer end()
	acc.StagedBy, acc.Progress = "offlinejoin/"+version.String(), a.progress()
	plan, err := offlinejoin.PlanAccount(ctx, d, acc)
	if errors.Is(err, context.Canceled) {
		return interrupted(err, onlyRead)
	}
	if err != nil {
		return untouched(err)
	}
	for _, w := range plan.Warnings {
		a.warnUnlessJSON(w)
	}
	if p.dryRun {
		if a.json {
			return a.printJSON(provisionPlanDocument{schemaVersion, offlinejoin.OutcomePlanned, plan})
		}
		fmt.Fprintf(a.Out, "%s Nothing has been written.\n", accountLine(plan))
		return nil
	}
	return a.writeProvisioned(ctx, d, plan, p)
}

// warnUnlessJSON warns where the document does not hold the warning.
func (a *app) warnUnlessJSON(sentence string) {
	if !a.json {
		a.warn(sentence)
	}
}

// checkOutput refuses what the blob cannot be written to, and reads the recipients.
func (a *app) checkOutput(p *provisioning) error {
	if err := p.recipients(); err != nil {
		return err
	}
	switch {
	case p.asText && p.to.Len() == 0:
		return misuse("--armor is for what is encrypted: give --age-recipient, too")
	case p.output == standardFile && a.json:
		return misuse("the blob and a JSON document cannot both go to standard output: give a file to --output")
	case p.output == standardFile && term.IsTerminal(a.Out) && !p.asText:
		return misuse("a blob is a machine password, and not for a terminal: give a file to --output")
	}
	return free(p.output)
}

// writeProvisioned makes the account and writes its blob. The file is made first: one that cannot be written leaves nothing in
// the directory.
func (a *app) writeProvisioned(ctx context.Context, d *offlinejoin.Directory, plan *offlinejoin.AccountPlan, p *provisioning) error {
	out, err := a.newOutput(p.output)
	if err != nil {
		return untouched(err)
	}
	made, err := offlinejoin.Provision(ctx, d, plan)
	if err != nil {
		return errors.Join(interrupted(err, "nothing of it is left"), out.remove())
	}
	defer made.Wipe()
	if err := out.write(made.Blob, p); err != nil {
		return made.Failed(ctx, errors.Join(err, out.remove()))
	}
	warning, err := made.Staged(ctx)
	if err != nil {
		return errors.Join(err, out.remove())
	}
	document := provisionDocument{
		SchemaVersion: schemaVersion, Outcome: "provisioned", Account: &made.Account, Blob: made.Blob.Facts(),
		File: plaintext.Line(p.output, 0), Recipients: p.to.Len(), Warnings: plan.Warnings,
	}
	if warning != "" {
		document.Warnings = append(document.Warnings, warning)
		a.warnUnlessJSON(warning)
	}
	switch {
	case a.json:
		return a.printJSON(document)
	case p.output == standardFile: // nothing tells whether the reader kept it
		f := document.Account
		fmt.Fprintf(a.Err, "Wrote the blob of %s to standard output. Its account is %s (objectGUID %s), %s at %s.\n",
			plaintext.Line(join(document.Blob.MachineName, document.Blob.Domain), 0), plaintext.Line(f.DN, 0), f.ObjectGUID,
			madeOrReset(f), plaintext.Line(f.DC, 0))
		return nil
	}
	a.showProvisioned(document)
	return nil
}

func (a *app) showProvisioned(d provisionDocument) {
	rest := "It holds a machine password: delete it after use."
	if d.Recipients > 0 {
		rest = "It is encrypted to " + term.Count(d.Recipients, "recipient", "recipients") + "."
	}
	f := d.Account
	fmt.Fprintf(a.Out, "%s is the blob of %s. %s\nIts account is %s (objectGUID %s), %s at %s.\n", d.File,
		plaintext.Line(join(d.Blob.MachineName, d.Blob.Domain), 0), rest, plaintext.Line(f.DN, 0), f.ObjectGUID, madeOrReset(f),
		plaintext.Line(f.DC, 0))
}

// output is where a secret goes: a new file that only its owner can read, or standard output.
type output struct {
	io.Writer
	file *os.File // nil: standard output
}

func (a *app) newOutput(name string) (*output, error) {
	if name == standardFile {
		return &output{Writer: a.Out}, nil
	}
	f, err := privatefile.Create(name)
	if errors.Is(err, fs.ErrExist) {
		return nil, taken(name)
	}
	if err != nil {
		return nil, err
	}
	return &output{f, f}, nil
}

// write writes a blob as djoin writes it, encrypted when there are recipients.
func (o *output) write(blob *offlinejoin.Blob, p *provisioning) error {
	content := blob.DjoinFile()
	defer clear(content)
	if p.to.Len() > 0 {
		sealed, err := agefile.Seal(content, &p.to, p.asText)
		if err != nil {
			return err
		}
		content = sealed
	}
	_, err := o.Write(content)
	switch {
	case errors.Is(err, syscall.EPIPE):
		return winerr.Errorf(winerr.BrokenPipe, "the blob could not be written: nobody reads standard output any more")
	case err != nil:
		return coded(err)
	case o.file == nil:
		return nil
	}
	if err := errors.Join(o.file.Sync(), o.file.Close()); err != nil {
		return coded(err)
	}
	return nil
}

// remove takes a file away again that is not to be.
func (o *output) remove() error {
	if o.file == nil {
		return nil
	}
	_ = o.file.Close() // it may be closed already
	return os.Remove(o.file.Name())
}
