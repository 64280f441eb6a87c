package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// usage prints what is wrong with a command line, with what was probably meant, and with --json also for programs.
func (a *app) usage(cmd *cobra.Command, args []string, err error) {
	message := plaintext.Line(wrongUse(err), 0)
	if hint := meant(cmd, message); hint != "" {
		message += ": " + hint
	}
	fmt.Fprintf(a.Err, "error: %s\nTry: %s --help\n", message, cmd.CommandPath())
	if !a.json && !slices.Contains(args, "--json") { // the parser may not have come to that flag
		return
	}
	if name := fleet.Action(cmd.Name()); name == fleet.Plan || name == fleet.Apply {
		a.lines, a.doing = true, name
	}
	a.json = true
	a.printError(coded(err).Code, message)
}

// wrongUse is the sentence on what is wrong with a command line. Windows' codes have no place there, and options have the names
// of flags.
func wrongUse(err error) string {
	value, isValue := errors.AsType[*pflag.InvalidValueError](err)
	_, isOurs := errors.AsType[*winerr.Error](err)
	switch {
	case isOurs && isValue:
		return options.AsFlags(assigned.ReplaceAllLiteralString(winerr.MessageOf(err), "--"+value.GetFlag().Name+" "+value.GetValue()))
	case isOurs:
		return options.AsFlags(winerr.MessageOf(err))
	case !isValue:
		return missingFlags(firstLine(err))
	}
	flag, because := value.GetFlag(), value.Unwrap().Error()
	switch flag.Value.Type() {
	case "bool":
		because = "write true or false, or nothing"
	case "duration":
		because = `write a number with its unit, such as "30m" or "2h"`
	}
	return fmt.Sprintf("--%s does not take %q: %s", flag.Name, value.GetValue(), because)
}

// notSet is how cobra says that flags are missing which must be there: with their names in quotes.
var notSet = regexp.MustCompile(`^required flag\(s\) ("[a-z-]+"(?:, "[a-z-]+")*) not set$`)

// missingFlags says it as everything else on a command line is said.
func missingFlags(message string) string {
	parts := notSet.FindStringSubmatch(message)
	if parts == nil {
		return message
	}
	flags := "--" + strings.ReplaceAll(strings.ReplaceAll(parts[1], `"`, ""), ", ", " and --")
	if strings.Contains(flags, " ") {
		return flags + " are missing, which this command needs: give them"
	}
	return flags + " is missing, which this command needs: give it"
}

// assigned is a setting of HCL that a message begins with.
var assigned = regexp.MustCompile(`^[a-z_]+ = "(?:[^"\\]|\\.)*"`)

// meant returns what the user of a wrong command line probably meant, "" when nothing is near. message is cobra's or
// pflag's own.
func meant(cmd *cobra.Command, message string) string {
	rest, isCommand := strings.CutPrefix(message, "unknown command ")
	flag, isFlag := strings.CutPrefix(message, "unknown flag: --")
	switch {
	case isCommand:
		typed, _, _ := strings.Cut(strings.TrimPrefix(rest, `"`), `"`)
		if isJoinFile(typed) {
			return fmt.Sprintf("%s takes one image by its flags; for a join file: offlinejoin apply %s", cmd.Name(), typed)
		}
		if !cmd.HasSubCommands() && cmd.Flags().Lookup(options.ImagePath.Flag()) != nil {
			return fmt.Sprintf("%s takes one image by its flags, --image-path FILE or --windows-path PATH", cmd.Name())
		}
		return didYouMean(typed, commandNames(cmd))
	case isFlag:
		return didYouMean(flag, flagNames(cmd))
	}
	return ""
}

func isJoinFile(name string) bool {
	return strings.HasSuffix(name, ".join.hcl") || strings.HasSuffix(name, ".join.hcl.json")
}

// synonyms are words of other programs, and what is meant here.
var synonyms = map[string]string{
	"auto-approve": "yes", "assume-yes": "yes", "force": "yes", "image": "image-path", "disk": "image-path", "windows": "windows-path",
	"path": "windows-path", "blob": "blob-file", "name": "machine-name", "computer-name": "machine-name", "savefile": "blob-file",
	"loadfile": "blob-file", "windowspath": "windows-path", "machine": "machine-name", "parallelism": "parallel",
	"recipient": "age-recipient", "age-recipient": "recipient",
	"requestodj": "stage", "validate": "plan", "destroy": "unstage", "show": "inspect", "decrypt": "blob", "encrypt": "blob",
}

// didYouMean returns `did you mean "x"?` with the nearest of the known names, "" when none is near.
func didYouMean(typed string, known []string) string {
	if word := synonyms[strings.ToLower(typed)]; slices.Contains(known, word) {
		return fmt.Sprintf("did you mean %q?", word)
	}
	best := options.Nearest(typed, known)
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

func commandNames(cmd *cobra.Command) (names []string) {
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

func flagNames(cmd *cobra.Command) (names []string) {
	add := func(f *pflag.Flag) { names = append(names, f.Name) }
	cmd.Flags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	return names
}

// joinFileArgument wants the one argument of the commands on join files.
func joinFileArgument(_ *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return fmt.Errorf("give a join file (*.join.hcl) or the folder that holds some")
	case len(args) > 1:
		return fmt.Errorf("one join file or one folder is taken, and %d are given: put them into one folder", len(args))
	case !isJoinFile(args[0]) && strings.HasSuffix(strings.ToLower(args[0]), ".csv"):
		return fmt.Errorf("%s is no join file: let one read it, as for_each = csvdecode(file(%q))", plaintext.Line(args[0], 0),
			plaintext.Line(args[0], 0))
	}
	return nil
}
