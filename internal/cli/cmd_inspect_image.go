package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/term"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

type imageDocument struct {
	SchemaVersion int `json:"schema_version"`
	winimage.Facts
	Join       *offlinejoin.Status            `json:"join"`                  // null when it cannot be read
	AnswerFile *offlinejoin.AnswerFilePreview `json:"answer_file,omitempty"` // of a generalized image
	Disk       *diskimage.Contents            `json:"disk,omitempty"`        // of a disk image file
}

func (a *app) inspectImage() *cobra.Command {
	return &cobra.Command{
		Use:   "image WINDOWS_PATH|FILE",
		Short: "Tell which Windows an image holds, in what state, and what its hives are like",
		Long: `Tell which Windows an image holds, in what state, and what its hives are like.

Of a disk image file, tell also its format, its partitions, and why a join in place would be refused.`,
		Args: cobra.ExactArgs(1),
		RunE: a.begin(func(ctx context.Context, args []string) error {
			return a.inspectAndShow(ctx, args[0])
		}),
	}
}

// inspectAndShow prints what is at a path: a Windows directory, or a disk image file.
func (a *app) inspectAndShow(ctx context.Context, path string) error {
	at, contents, err := inspected(ctx, path)
	if err != nil {
		return err
	}
	images, err := inspectEach(ctx, at, contents)
	if err != nil && contents == nil {
		return err
	}
	if a.json {
		document := imageDocument{SchemaVersion: schemaVersion, Disk: contents}
		if len(images) == 1 { // a disk without a Windows that can be read is worth looking at all the same
			document.Facts, document.Join, document.AnswerFile = images[0].Facts, images[0].Status, images[0].AnswerFile
		}
		return a.printJSON(document)
	}
	a.showDisk(contents)
	for i, found := range images {
		if i > 0 {
			fmt.Fprintln(a.Out)
		}
		a.showImage(found)
	}
	return err
}

// inspectEach looks into the image, or where a disk holds several Windows installations into each, and notes in the contents of
// the disk which Windows they are. It returns those that can be read, and the first error of the others.
func inspectEach(ctx context.Context, at offlinejoin.Image, c *diskimage.Contents) (images []*offlinejoin.Inspection, first error) {
	var with []*diskimage.PartitionInfo
	if c != nil {
		for i := range c.Partitions {
			if c.Partitions[i].Windows {
				with = append(with, &c.Partitions[i])
			}
		}
	}
	if len(with) == 0 {
		with = append(with, new(diskimage.PartitionInfo))
	}
	for _, p := range with {
		at.Partition = p.Number
		found, err := offlinejoin.Inspect(ctx, offlinejoin.StatusRequest{Image: at})
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		p.Product, p.Build = found.Facts.DisplayName(), found.Facts.BuildText
		images = append(images, found)
	}
	return images, first
}

// inspected returns the image at a path: a Windows directory, or a disk image file, which is looked into.
func inspected(ctx context.Context, path string) (offlinejoin.Image, *diskimage.Contents, error) {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return offlinejoin.ImageAt(path), nil, nil // errors are told in the words of Windows directories
	}
	at := offlinejoin.ImageAt("")
	at.ImagePath = path
	contents, err := diskimage.Inspect(ctx, path)
	return at, contents, err
}

// showDisk prints what a disk image file is; nil is none.
func (a *app) showDisk(c *diskimage.Contents) {
	if c == nil {
		return
	}
	fmt.Fprintf(a.Out, "%s   %s   %s on disk, %s inside\n", c.Path, c.Format, offlinejoin.FormatSize(c.Size),
		offlinejoin.FormatSize(c.Virtual))
	facts := []term.Fact{fact("Stands on", strings.Join(c.Chain, ", ")), fact("Partitions", c.Scheme)}
	for _, p := range c.Partitions {
		line := fmt.Sprintf("%s, %s", plaintext.Line(p.Kind, plaintext.Sentence), offlinejoin.FormatSize(p.Size))
		if p.Product != "" {
			line = fmt.Sprintf("%s, build %s, on NTFS %q, %s", p.Product, p.Build, p.Label, offlinejoin.FormatSize(p.Size))
		}
		if p.Refused != "" {
			line += ": " + plaintext.Line(p.Refused, plaintext.Sentence)
		}
		facts = append(facts, fact(fmt.Sprintf("  %d", p.Number), line))
	}
	for _, n := range c.Notes {
		facts = append(facts, fact("Note", plaintext.Line(n, plaintext.Sentence)))
	}
	for _, r := range c.Refusals {
		facts = append(facts, fact("In place", plaintext.Line(r, plaintext.Sentence)))
	}
	term.WriteFacts(a.Out, facts...)
	fmt.Fprintln(a.Out)
}

// showImage prints what an image is: one line of identity, then its state, names, join and hives.
func (a *app) showImage(found *offlinejoin.Inspection) {
	f, join := found.Facts, found.Status
	fmt.Fprintln(a.Out, identity(f))
	facts := []term.Fact{
		fact("State", state(f)),
		fact("Name", f.ComputerName),
		fact("Member of", membership(f)),
		fact("Join", joinState(f, join)),
		fact("Hives", hives(f.Hives)),
		fact("Machine SID", f.MachineSID),
	}
	facts = append(facts, a.answerFileFacts(found.AnswerFile)...)
	warnings := f.Warnings
	if join != nil {
		warnings = slices.Concat(warnings, join.Warnings)
	}
	for _, w := range warnings {
		facts = append(facts, fact("Warning", w))
	}
	term.WriteFacts(a.Out, facts...)
}

// answerFileFacts returns which answer file Windows Setup will take, and what in it would stop a join; nil is none.
func (a *app) answerFileFacts(p *offlinejoin.AnswerFilePreview) []term.Fact {
	if p == nil {
		return nil
	}
	file := p.Path
	switch {
	case !p.Exists && p.Path != "":
		file += " (none yet: it will be made)"
	case p.MachineName != "":
		file += " for the name " + p.MachineName
	}
	line := func(text string) string { return a.asTyped(plaintext.Line(text, 0)) }
	facts := []term.Fact{fact("Answer file", line(file))}
	if p.Refused != "" {
		facts = append(facts, fact("Refused", line(p.Refused)))
	}
	if p.Replaces != "" {
		facts = append(facts, fact("Replaces", line(p.Replaces)))
	}
	for _, n := range p.Notes {
		facts = append(facts, fact("Note", line(n)))
	}
	return facts
}

// identity is "Windows Server 2022 Standard   build 20348.2700   amd64   server".
func identity(f winimage.Facts) string {
	name := f.DisplayName()
	if name == "" {
		name = "A Windows of unknown edition"
	}
	parts := []string{name}
	if f.BuildText != "" {
		parts = append(parts, "build "+f.BuildText)
	}
	if f.Architecture != "" {
		parts = append(parts, string(f.Architecture))
	}
	if role := role(f.ProductType); role != "" {
		parts = append(parts, role)
	}
	return strings.Join(parts, "   ")
}

func role(productType string) string {
	switch productType {
	case winimage.ProductClient:
		return "client"
	case winimage.ProductServer:
		return "server"
	case winimage.ProductDomainController:
		return "domain controller"
	}
	return productType
}

func state(f winimage.Facts) string {
	if f.ImageState == "" {
		return string(f.Phase)
	}
	return fmt.Sprintf("%s (%s)", f.Phase, f.ImageState)
}

func membership(f winimage.Facts) string {
	m, security := f.Membership, f.Hive("SECURITY").State
	switch {
	case security != winimage.HiveClean && security != winimage.HivePending:
		return "not known: the SECURITY hive is " + string(security)
	case m.Joined:
		return "domain " + names(m.DomainName, m.NetBIOSName)
	case m.Workgroup != "":
		return "workgroup " + m.Workgroup
	}
	return "no domain"
}

func joinState(f winimage.Facts, st *offlinejoin.Status) string {
	switch {
	case st == nil && len(f.PendingJoins) == 0:
		return ""
	case st == nil || st.State == offlinejoin.StateForeign:
		var keys []string
		for _, p := range f.PendingJoins {
			keys = append(keys, p.Key)
		}
		return "pending, by another tool: " + strings.Join(keys, ", ")
	case st.State == offlinejoin.StateAbsent, st.State == offlinejoin.StateJoined:
		return "none staged"
	}
	return strings.Join(append([]string{fmt.Sprintf("%s: %s", st.State, join(st.MachineName, st.Domain))}, st.Notices()...), "; ")
}

// hives is "SYSTEM: 24 pending log entries; others closed cleanly".
func hives(all []winimage.HiveFacts) string {
	var notes []string
	for _, h := range all {
		if note := condition(h); note != "" {
			notes = append(notes, h.Name+": "+note)
		}
	}
	switch {
	case len(notes) == 0:
		return "all closed cleanly; the structure of SYSTEM is sound"
	case len(notes) < len(all):
		notes = append(notes, "others closed cleanly")
	}
	return strings.Join(notes, "; ")
}

// condition returns what is unusual about a hive, and "" for a clean one.
func condition(h winimage.HiveFacts) string {
	switch h.State {
	case winimage.HiveClean:
		if h.Orphaned > 0 {
			return term.Count(h.Orphaned, "log entry is", "log entries are") + " newer than it"
		}
		return ""
	case winimage.HivePending:
		return term.Count(h.Pending, "pending log entry", "pending log entries")
	}
	if h.Detail == "" || h.State == winimage.HiveMissing {
		return string(h.State)
	}
	return fmt.Sprintf("%s (%s)", h.State, h.Detail)
}
