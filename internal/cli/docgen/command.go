package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commandFolder holds the pages of the commands, below docs/.
const commandFolder = "commands"

// addCommands adds the page of a command and of those below it. Every page has a file of its own, which is named after
// the command as it is typed.
func addCommands(to map[string][]byte, cmd *cobra.Command) {
	to[commandFolder+"/"+file(cmd)] = []byte(page(cmd))
	for _, sub := range cmd.Commands() {
		if shown(sub) {
			addCommands(to, sub)
		}
	}
}

func shown(cmd *cobra.Command) bool { return cmd.IsAvailableCommand() && cmd.Name() != "help" }

func file(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "_") + ".md" }

func page(cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", cmd.CommandPath())
	long := cmd.Long
	if long == "" {
		long = cmd.Short + "."
	}
	b.WriteString(strings.TrimSpace(long) + "\n")
	if cmd.Runnable() {
		fmt.Fprintf(&b, "\n```\n%s\n```\n", cmd.UseLine())
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\n## Examples\n\n```\n%s\n```\n", unindented(cmd.Example))
	}
	addSubcommands(&b, cmd)
	addFlags(&b, "Flags", cmd.NonInheritedFlags())
	addFlags(&b, "Flags of every command", cmd.InheritedFlags())
	if cmd.HasParent() {
		fmt.Fprintf(&b, "\nBelow [%s](%s). Generated from the code by `make generate`.\n", cmd.Parent().CommandPath(),
			file(cmd.Parent()))
	} else {
		b.WriteString("\nGenerated from the code by `make generate`.\n")
	}
	return b.String()
}

func addSubcommands(b *strings.Builder, cmd *cobra.Command) {
	first := true
	for _, sub := range cmd.Commands() {
		if !shown(sub) {
			continue
		}
		if first {
			b.WriteString("\n## Commands\n\n| command | |\n|---|---|\n")
			first = false
		}
		fmt.Fprintf(b, "| [%s](%s) | %s |\n", sub.CommandPath(), file(sub), escaped(sub.Short))
	}
}

func addFlags(b *strings.Builder, title string, flags *pflag.FlagSet) {
	first := true
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		if first {
			fmt.Fprintf(b, "\n## %s\n\n| flag | |\n|---|---|\n", title)
			first = false
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if kind != "" {
			name += " " + kind
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", name, escaped(usage))
	})
}

// escaped keeps a text from ending a table's cell, and from being taken for markup.
func escaped(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ", "*", `\*`).Replace(text)
}

func unindented(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, "  ")
	}
	return strings.Join(lines, "\n")
}
