// Package manual makes the manual pages of the command line. It is apart from package cli because the programs that make
// pages alone need what turns commands into them.
package manual

import (
	"bytes"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"github.com/offlinejoin/offlinejoin/internal/cli"
)

// Page is a manual page. Its name is that of its file, such as offlinejoin-stage.1.
type Page struct {
	Name string
	Text []byte
}

// Pages returns the page of every command, the top one first, for a version and a day; the day nil is today.
func Pages(version string, day *time.Time) ([]Page, error) {
	root := cli.Commands()
	root.DisableAutoGenTag = true
	var all []Page
	var add func(cmd *cobra.Command) error
	add = func(cmd *cobra.Command) error {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		var b bytes.Buffer
		head := &doc.GenManHeader{
			Title: strings.ToUpper(name), Section: "1", Date: day, Source: "offlinejoin " + version, Manual: "offlinejoin",
		}
		if err := doc.GenMan(cmd, head, &b); err != nil {
			return err
		}
		all = append(all, Page{name + ".1", withKinds(cmd, b.Bytes())})
		for _, sub := range cmd.Commands() {
			if !sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
				continue
			}
			if err := add(sub); err != nil {
				return err
			}
		}
		return nil
	}
	return all, add(root)
}

// flagLine is the line of a flag in a page as cobra writes it, with the default behind an equals sign.
var flagLine = regexp.MustCompile(`(?m)^((?:\\fB-\w\\fP, )?\\fB--([a-z-]+)\\fP)(?:=.*|\[=.*\])$`)

// withKinds returns a page with what each flag takes in place of its default, as in --help: --lock-timeout DURATION.
func withKinds(cmd *cobra.Command, page []byte) []byte {
	return flagLine.ReplaceAllFunc(page, func(line []byte) []byte {
		parts := flagLine.FindSubmatch(line)
		f := cmd.Flag(string(parts[2]))
		if f == nil {
			return line
		}
		kind, _ := pflag.UnquoteUsage(f)
		if kind == "" {
			return parts[1]
		}
		return append(parts[1][:len(parts[1]):len(parts[1])], ` \fI`+kind+`\fP`...)
	})
}
