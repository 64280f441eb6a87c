package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/agefile"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/privatefile"
	"github.com/offlinejoin/offlinejoin/internal/term"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func (a *app) blob() *cobra.Command {
	return group("blob", "Encrypt a blob for its way, decrypt it, put it into an answer file", a.blobEncrypt(), a.blobDecrypt(), a.blobAnswerFile())
}

// sealing is one `blob encrypt`.
type sealing struct {
	keys, lists  []string // as given
	to           agefile.Recipients
	identityFile string
	output       string
	asText       bool
	force        bool
}

// sealedFile is an encrypted file that is ready to be written.
type sealedFile struct {
	content []byte

	Source      string `json:"source"`
	File        string `json:"file"`
	Fingerprint string `json:"fingerprint,omitempty"` // of the blob in it; none when --force took something else
	Recipients  int    `json:"recipients"`
}

type sealedDocument struct {
	SchemaVersion int           `json:"schema_version"`
	Sealed        []*sealedFile `json:"sealed"`
}

func (a *app) blobEncrypt() *cobra.Command {
	var s sealing
	cmd := &cobra.Command{
		Use:   "encrypt FILE...",
		Short: "Encrypt blob files with age to those who will stage them; - is standard input",
		Long: `Encrypt blob files with age to those who will stage them.

FILE is written encrypted to FILE.age; what is there already is never overwritten. Everywhere a blob file is read, the
encrypted one works, too, with --identity-file, or with OFFLINEJOIN_IDENTITY_FILE. The plain file stays: delete it when
it is not needed any more. A file that is encrypted already is opened with --identity-file, and encrypted anew.`,
		Example: `  age-keygen -o stager.key
  offlinejoin blob encrypt web01.djoin --recipient age1…
  offlinejoin blob encrypt *.djoin --recipients-file stagers.txt --armor
  make-blob | offlinejoin blob encrypt - --recipient "ssh-ed25519 AAAA…" --output web01.djoin.age`,
		Args: cobra.MinimumNArgs(1),
		PreRunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 && s.output != "" {
				return fmt.Errorf("--output is for one FILE, but %d are given", len(args))
			}
			if len(s.keys)+len(s.lists) == 0 {
				return fmt.Errorf("there is nobody to encrypt to: give --recipient or --recipients-file")
			}
			return nil
		},
		RunE: a.begin(func(_ context.Context, args []string) error {
			if term.IsTerminal(a.Out) && s.output == standardFile && !s.asText {
				return misuse("an encrypted file is not for a terminal: give --armor, or a file to --output")
			}
			if err := s.recipients(); err != nil {
				return err
			}
			return a.encrypt(&s, matching(args, runtime.GOOS == "windows"))
		}),
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&s.keys, "recipient", "r", nil,
		"encrypt to this public `KEY`: age1…, ssh-ed25519 … or ssh-rsa …; may be given more than once")
	flags.StringArrayVarP(&s.lists, "recipients-file", "R", nil,
		"encrypt to all public keys in this `FILE`, one on a line; may be given more than once")
	flags.BoolVarP(&s.asText, "armor", "a", false, "write text instead of bytes")
	flags.StringVarP(&s.output, "output", "o", "",
		"write to this new `FILE`; a dash means standard output (default FILE.age)")
	flags.BoolVar(&s.force, "force", false, "encrypt even what is no blob")
	optionFlag(cmd, options.IdentityFile, "FILE", setString(&s.identityFile))
	return cmd
}

// recipients collects the public keys. They are not checked while the flags are parsed, whose errors would show the
// value, and that may be the secret half of a key by mistake.
func (s *sealing) recipients() error {
	for _, key := range s.keys {
		if err := s.to.Add(key); err != nil {
			return options.WrongWords{Err: err}
		}
	}
	for _, name := range s.lists {
		content, err := options.ReadRecipientsFile(name)
		if err != nil {
			return err
		}
		if err := s.to.AddFile(content, name); err != nil {
			return err
		}
	}
	return nil
}

// encrypt makes all files before it writes the first one, and removes those again that are written when another cannot be, so
// that a mistake in one of them leaves none behind.
func (a *app) encrypt(s *sealing, files []string) error {
	sealed := make([]*sealedFile, len(files))
	outputs := map[any]string{} // what is encrypted, by the file that it is written to
	for i, file := range files {
		one, err := a.seal(s, file)
		if err != nil {
			return err
		}
		key := offlinejoin.ImageAt(one.File).Key()
		if other, twice := outputs[key]; twice {
			return misuse("%s and %s would both be written to %s: give each file once", other, one.Source, plaintext.Line(one.File, 0))
		}
		sealed[i], outputs[key] = one, one.Source
	}
	for i, one := range sealed {
		if err := a.writeOutput(one.File, one.content); err != nil {
			for _, written := range sealed[:i] {
				err = errors.Join(err, os.Remove(written.File))
			}
			return err
		}
	}
	for _, one := range sealed {
		one.File = plaintext.Line(one.File, 0) // written; from here on it is shown
		a.hint(s, one)
	}
	if a.json && s.output != standardFile {
		return a.printJSON(sealedDocument{schemaVersion, sealed})
	}
	return nil
}

func (a *app) seal(s *sealing, file string) (*sealedFile, error) {
	one := &sealedFile{Source: plaintext.Line(file, 0), File: s.output, Recipients: s.to.Len()}
	if one.File == "" {
		one.File = file + ".age"
		if file == standardFile {
			return nil, misuse("there is no name for what standard input is encrypted to: give --output")
		}
	}
	if err := free(one.File); err != nil {
		return nil, err
	}
	blob, name, err := a.readBlob(blobSource{file, s.identityFile})
	if err != nil {
		return nil, err
	}
	defer clear(blob)
	parsed, err := offlinejoin.ReadBlob(bytes.Clone(blob), name) // what is sealed is the file as it is
	if err != nil && !s.force {
		return nil, err
	}
	defer parsed.Wipe()
	if err == nil {
		one.Fingerprint = parsed.Facts().Fingerprint
	}
	one.content, err = agefile.Seal(blob, &s.to, s.asText)
	return one, err
}

// hint prints what was written.
func (a *app) hint(s *sealing, one *sealedFile) {
	if a.json || s.output == standardFile {
		return
	}
	what := ""
	if one.Fingerprint != "" {
		what = ", fingerprint " + offlinejoin.ShortFingerprint(one.Fingerprint)
	}
	source := one.Source
	if source == standardFile {
		source = "Standard input"
	}
	fmt.Fprintf(a.Out, "%s → %s (%s%s)\n", source, one.File, term.Count(one.Recipients, "recipient", "recipients"), what)
}

type openedDocument struct {
	SchemaVersion int    `json:"schema_version"`
	Source        string `json:"source"`
	File          string `json:"file"`
}

func (a *app) blobDecrypt() *cobra.Command {
	var (
		from   blobSource
		output string
	)
	cmd := &cobra.Command{
		Use:   "decrypt FILE",
		Short: "Decrypt an encrypted blob file into a file that only you can read; - is standard input",
		Long: `Decrypt an encrypted blob file into a file that only you can read.

Staging needs no decrypted file: it reads the encrypted one. What is there already is never overwritten, and the blob
goes to standard output only when --output - asks for it.`,
		Example: `  offlinejoin blob decrypt web01.djoin.age --identity-file stager.key --output web01.djoin`,
		Args:    cobra.ExactArgs(1),
		RunE: a.begin(func(_ context.Context, args []string) error {
			from.file = args[0]
			if err := free(output); err != nil {
				return err
			}
			blob, err := a.readSealedBlob(from)
			if err != nil {
				return err
			}
			defer clear(blob)
			if err := a.writeOutput(output, blob); err != nil || output == standardFile {
				return err
			}
			source, output := plaintext.Line(from.file, 0), plaintext.Line(output, 0)
			if a.json {
				return a.printJSON(openedDocument{schemaVersion, source, output})
			}
			fmt.Fprintf(a.Out, "%s → %s. It holds a machine password: delete it after use.\n", source, output)
			return nil
		}),
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this new `FILE`; a dash means standard output")
	if err := cmd.MarkFlagRequired("output"); err != nil {
		panic(err) // the flag was added one line above
	}
	identityFlag(cmd, &from)
	return cmd
}

func (a *app) readSealedBlob(from blobSource) (blob []byte, err error) {
	var warning string
	if from.file == standardFile {
		blob, warning, err = options.ReadSealedBlob(a.stdin, standardInput, from.identityFile)
	} else {
		blob, warning, err = options.ReadSealedBlobFile(from.file, from.identityFile)
	}
	a.warnIf(warning)
	return blob, err
}

// free refuses an output file that is there already, or has no folder, before any work is done for it.
func free(file string) error {
	if file == standardFile {
		return nil
	}
	if _, err := os.Lstat(file); err == nil {
		return taken(file)
	}
	if _, err := os.Stat(filepath.Dir(file)); errors.Is(err, fs.ErrNotExist) {
		return winerr.Errorf(winerr.FileNotFound, "the folder of --output %s does not exist: make it first", file)
	}
	return nil // what else is wrong with its folder, writing reports
}

func taken(file string) error {
	return winerr.Errorf(winerr.InvalidParameter, "%s is there already, and nothing is overwritten: give another "+
		"--output, or remove it", file)
}

// writeOutput writes a new file that only its owner can read, or standard output. A file that cannot be written whole
// is removed again.
func (a *app) writeOutput(file string, content []byte) error {
	if file == standardFile {
		_, err := a.Out.Write(content)
		return err
	}
	f, err := privatefile.Create(file)
	if errors.Is(err, fs.ErrExist) {
		return taken(file)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return nil
}
