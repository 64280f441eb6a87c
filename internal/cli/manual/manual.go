// Package manual makes the manual pages of the command line. It is apart from package cli because the programs that make
// pages alone need what turns commands into them.
package manual

import (
	"bytes"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

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
		all = append(all, Page{name + ".1", b.Bytes()})
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
