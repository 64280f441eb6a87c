package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/term"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

func (a *app) stage() *cobra.Command {
	var (
		words  options.JoinWords
		online bool
		from   blobSource
		dryRun bool
		report string
	)
	cmd := &cobra.Command{
		Use:   "stage",
		Short: "Stage a join into an image, to be completed at its first boot",
		Long: `Stage a join into an image, to be completed at its first boot.

Everything is checked before anything is written; what was written is read back. The same join staged again changes
nothing. --machine-name and --domain are what Terraform calls machine_name and domain, and Packer expect { … }.`,
		Example: `  offlinejoin stage --windows-path /mnt/web01/Windows --blob-file web01.djoin --machine-name WEB01 --dry-run
  pass show web01 | offlinejoin stage --windows-path /mnt/web01/Windows --blob-file -
  offlinejoin stage --image-path golden.qcow2 --overlay-path web01.qcow2 --blob-file web01.djoin`,
		Args: oneImage(&words, &online),
		RunE: a.begin(func(ctx context.Context, _ []string) error {
			words.PlaceWords = words.NamedByEnvironment()
			req, err := words.Request()
			if err != nil {
				return err
			}
			if err := options.CheckPaths(append(words.Used(), from.used(report)...)...); err != nil {
				return err
			}
			if err := options.CheckReport(report); err != nil {
				return err
			}
			if req.Blob, err = a.openBlob(from); err != nil {
				return err
			}
			defer req.Blob.Wipe()
			req.StagedBy, req.Online = "offlinejoin/"+version.String(), online
			return a.carryOut(ctx, req, dryRun, report)
		}),
	}
	placeFlags(cmd, &words.PlaceWords)
	required(cmd, options.BlobFile, "FILE", setString(&from.file))
	cmd.Flags().Lookup(options.BlobFile.Flag()).Usage += " A dash means standard input."
	identityFlag(cmd, &from)
	optionFlag(cmd, options.MachineName, "NAME", setString(&words.MachineName))
	optionFlag(cmd, options.Domain, "NAME", setString(&words.Domain))
	methodFlags(cmd, &words)
	useFlags(cmd, &words)
	optionFlag(cmd, options.CompletionProgram, "FILE", setString(&words.CompletionProgram))
	optionFlag(cmd, options.Backup, "FOLDER", setString(&words.Backup))
	optionFlag(cmd, options.ReportFile, "FILE", setString(&report))
	cmd.Flags().BoolVar(&online, options.Online.Flag(), false, doc(options.Online))
	cmd.Flags().BoolVar(&dryRun, options.DryRun.Flag(), false, "make every check, show every change and write nothing")
	return cmd
}

// oneImage wants a flag for the image, or none for the Windows that is running, and no argument.
func oneImage(words *options.JoinWords, online *bool) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) > 0:
			return cobra.NoArgs(cmd, args)
		case *online && words.Method != string(offlinejoin.MethodNative):
			return errors.New("--online is for --method native: give that, too")
		case *online && words.Named():
			return errors.New("--online joins the Windows that is running: leave --windows-path and --image-path out")
		case !words.Named() && !*online:
			return errors.New("give --windows-path PATH or --image-path FILE for the image")
		}
		return nil
	}
}

// placeFlags are the flags that say where an image is.
func placeFlags(cmd *cobra.Command, words *options.PlaceWords) {
	optionFlag(cmd, options.WindowsPath, "PATH", setString(&words.WindowsPath))
	optionFlag(cmd, options.ImagePath, "FILE", setString(&words.ImagePath))
	optionFlag(cmd, options.Partition, "NUMBER", setString(&words.Partition))
	optionFlag(cmd, options.OverlayPath, "FILE", setString(&words.OverlayPath))
	optionFlag(cmd, options.CopyPath, "FILE", setString(&words.CopyPath))
	optionFlag(cmd, options.Backing, "WORD", setString(&words.Backing))
	optionFlag(cmd, options.JournalDir, "FOLDER", setString(&words.JournalDir))
	optionFlag(cmd, options.ImageName, "NAME", setString(&words.ImageName))
}

// placeFlagNames are the flags of placeFlags.
func placeFlagNames() []string {
	return []string{
		options.WindowsPath.Flag(), options.ImagePath.Flag(), options.Partition.Flag(), options.OverlayPath.Flag(), options.CopyPath.Flag(),
		options.Backing.Flag(), options.JournalDir.Flag(), options.ImageName.Flag(),
	}
}

// methodFlags are the flags about how a join is staged.
func methodFlags(cmd *cobra.Command, words *options.JoinWords) {
	optionFlag(cmd, options.MethodName, "WORD", func(s string) error {
		words.Method = s
		_, err := options.Method(s)
		return err
	})
	optionFlag(cmd, options.OnExistingName, "WORD", func(s string) error {
		words.OnExisting = s
		_, err := options.OnExisting(s)
		return err
	})
	optionFlag(cmd, options.SecretExposure, "WORD", func(s string) error {
		words.SecretExposure = s
		_, err := options.SecretExposureOf(s)
		return err
	})
}

// useFlags are the flags about what an image and an account may be used for.
func useFlags(cmd *cobra.Command, words *options.JoinWords) {
	ledgerFlags(cmd, &words.LedgerFile, &words.Ledger)
	optionFlag(cmd, options.Reuse, "WORD", setString(&words.Reuse))
	optionFlag(cmd, options.ReuseReason, "TEXT", setString(&words.ReuseReason))
	optionFlag(cmd, options.LockTimeout, "DURATION", func(s string) error {
		words.LockTimeout = s
		_, err := options.ParseLockTimeout(s)
		return err
	})
}

// carryOut plans or stages, and shows the receipt.
func (a *app) carryOut(ctx context.Context, req offlinejoin.Request, dryRun bool, report string) error {
	carry := offlinejoin.Stage
	req.Progress = a.progress()
	if dryRun {
		carry = offlinejoin.Plan
		req.Progress = a.warnings()
	}
	receipt, err := carry(ctx, req)
	if err != nil {
		return err
	}
	if err := options.WriteReport(report, receipt); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(receipt)
	}
	a.showReceipt(receipt)
	return nil
}

// showReceipt prints what became of a request, and what a dry run would change.
func (a *app) showReceipt(r *offlinejoin.Receipt) {
	fmt.Fprintln(a.Out, outcome(r))
	if r.Outcome == offlinejoin.OutcomePlanned {
		term.WriteRows(a.Out, changeRows(r.Changes))
	}
}

func outcome(r *offlinejoin.Receipt) string {
	blob := join(r.Blob.MachineName, r.Blob.Domain)
	image := join(r.Status.MachineName, r.Status.Domain)
	switch r.Outcome {
	case offlinejoin.OutcomePlanned:
		return fmt.Sprintf("Would stage %s (method %s). Nothing has been written.", blob, r.Method)
	case offlinejoin.OutcomeStaged:
		if d := r.NewDisk; d != nil {
			return fmt.Sprintf("%s with the join of %s to %s; %s was only read.", newDisk(d), r.Blob.MachineName, r.Blob.Domain,
				d.Golden)
		}
		return fmt.Sprintf("Staged %s (method %s), %s written.", blob, r.Method, offlinejoin.FormatSize(r.BytesWritten))
	case offlinejoin.OutcomeUnchanged:
		return fmt.Sprintf("%s is %s in the image already. Nothing has been written.", blob, r.Status.State)
	case offlinejoin.OutcomeKept:
		return fmt.Sprintf("The image keeps the join it has: %s, %s. Nothing has been written.", image, r.Status.State)
	case offlinejoin.OutcomeUnstaged:
		return fmt.Sprintf("Took back the join; no byte of the blob is left in the image. %s written.",
			offlinejoin.FormatSize(r.BytesWritten))
	case offlinejoin.OutcomeAbsent:
		if len(r.Changes) > 0 {
			return "No join is staged. What a stage that was stopped had left is removed."
		}
		return "No join is staged. Nothing has been written."
	}
	return string(r.Outcome)
}

// newDisk is "Made web01.qcow2 (0.7 MiB over golden.qcow2)".
func newDisk(d *offlinejoin.NewDisk) string {
	from := "a copy of "
	if d.Overlay {
		from = offlinejoin.FormatSize(d.Size) + " over "
	}
	return "Made " + d.Path + " (" + from + d.Golden + ")"
}

// changeRows lists changes the way people read a registry: a key, and its values indented below it.
func changeRows(changes []offlinejoin.Change) []term.Row {
	rows := make([]term.Row, 0, len(changes))
	key := ""
	for _, c := range changes {
		r := term.Row{Mark: markOf(c.Kind), Kind: c.Type, Value: options.Transition(c)}
		switch {
		case c.Name == "":
			key = c.Where
			r.Subject = c.Where
		case c.Where == key:
			r.Subject = "  " + c.Name
		case c.Type == "file":
			r.Subject = c.Where + `\` + c.Name
		default:
			r.Subject = c.Where + "  " + c.Name
		}
		rows = append(rows, r)
	}
	return rows
}

func markOf(kind offlinejoin.ChangeKind) term.Mark {
	switch kind {
	case offlinejoin.ChangeAdd:
		return term.Added
	case offlinejoin.ChangeRemove:
		return term.Removed
	default:
		return term.Modified
	}
}

// progress shows what the core does, on standard error, so that results stay alone on standard output. With --json it
// is silent: warnings are in the document.
func (a *app) progress() func(offlinejoin.Event) {
	if a.json {
		return nil
	}
	return func(e offlinejoin.Event) {
		if e.Kind != offlinejoin.EventNote {
			fmt.Fprintln(a.Err, a.asTyped(eventLine(e)))
		}
	}
}

// warnings shows the warnings alone, for a dry run, whose result shows the rest.
func (a *app) warnings() func(offlinejoin.Event) {
	if a.json {
		return nil
	}
	return func(e offlinejoin.Event) {
		if e.Kind == offlinejoin.EventWarning {
			fmt.Fprintln(a.Err, a.asTyped(eventLine(e)))
		}
	}
}

func eventLine(e offlinejoin.Event) string {
	switch e.Kind {
	case offlinejoin.EventWarning:
		return "warning: " + e.Text
	case offlinejoin.EventStep:
		return e.Text
	default:
		return "  " + e.Text
	}
}
