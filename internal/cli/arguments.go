package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

// checkArguments refuses contents of secret files among the arguments, before the parser of the command line, whose errors
// quote what they do not understand, gets to see them. The error names where, and never what. Flags without a value are refused,
// too: what a script meant to give by a variable that is not set would be left out, such as a ledger or an expectation.
func checkArguments(root *cobra.Command, args []string) error {
	cmd, _, err := root.Find(args)
	if err != nil {
		cmd = root
	}
	for i, arg := range args {
		name, value, assigned := strings.Cut(arg, "=")
		switch {
		case assigned && lookupFlag(cmd, name).Name != "":
		case i > 0 && takesValue(cmd, args[i-1]):
			name, value = args[i-1], arg
		default:
			name, value = "an argument", arg
		}
		if value == "" && takesValue(cmd, name) {
			return fmt.Errorf("%s is given without a value: write one, or leave the flag out", name)
		}
		switch lookupFlag(cmd, name).Name {
		case "recipient", "age-recipient": // the secret half of a key has its own refusal
		case "var", options.ReuseReason.Flag(), options.AccountDescription.Flag(), options.AccountOU.Flag(), options.AccountTrustedOwners.Flag(),
			"": // any text
			for _, one := range []string{value, strings.TrimLeft(value, "-")} {
				if options.IsSecretContent(one) {
					return options.NotContent(options.Name(name), one)
				}
			}
		default:
			if err := options.NotContent(options.Name(name), value); err != nil {
				return err
			}
			if err := checkQuotes(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkQuotes refuses a value with a quote in it that names nothing: the shells of Windows take \" at the end of
// "C:\img\Windows\" for a quote, and what follows for more of the value.
func checkQuotes(flag, value string) error {
	if !strings.Contains(value, `"`) || !strings.Contains(value, `\`) {
		return nil
	}
	if _, err := os.Lstat(value); err == nil {
		return nil
	}
	return fmt.Errorf(`the value of %s has a quote in it, which no path of Windows has: a backslash before the closing quote, as in `+
		`"C:\img\Windows\", takes that quote into the value, and all that follows; leave the last backslash out`, flag)
}

// refuseFlags refuses those of the flags that were given where they would do nothing. why follows the name of the flag, and says
// what to do.
func refuseFlags(cmd *cobra.Command, why string, names ...string) error {
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s %s", name, why)
		}
	}
	return nil
}

// takesValue reports whether an argument is a flag whose value is the next argument.
func takesValue(cmd *cobra.Command, arg string) bool {
	f := lookupFlag(cmd, arg)
	return f.Name != "" && f.NoOptDefVal == "" && !strings.Contains(arg, "=")
}

// lookupFlag returns the flag of a command by --name or -n, and one without a name when it has none.
func lookupFlag(cmd *cobra.Command, arg string) *pflag.Flag {
	var f *pflag.Flag
	switch long, isLong := strings.CutPrefix(arg, "--"); {
	case isLong:
		f = cmd.Flag(long)
	case len(arg) == 2 && arg[0] == '-':
		f = cmd.Flags().ShorthandLookup(arg[1:])
	}
	if f == nil {
		return &pflag.Flag{}
	}
	return f
}

// checkFile refuses contents where a command wants a path as its first argument.
func checkFile(args []string) error {
	if len(args) == 0 {
		return nil
	}
	return options.NotContent("FILE", args[0])
}
