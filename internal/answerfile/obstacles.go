package answerfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// passNames are all configuration passes (documented: "How Configuration Passes Work").
var passNames = [...]string{
	"windowsPE", "offlineServicing", "generalize", passSpecialize, "auditSystem", "auditUser", passOOBE,
}

// checkPasses refuses a pass whose name is spelt in another case, which Setup does not find.
func (d *document) checkPasses() error {
	for _, settings := range children(d.root, tagSettings) {
		name := attr(settings, attrPass)
		for _, known := range passNames {
			if name != known && strings.EqualFold(strings.TrimSpace(name), known) {
				return refuse(winerr.InvalidParameter, "has a pass %q (line %d) whose name is not spelt as documented: write it as "+
					"%q and stage again", plaintext.Line(name, plaintext.Name), lineOf(d.text, d.spans[settings].start), known)
			}
		}
	}
	return nil
}

// warnOfPasses reports passes that Setup does not have. Their names may be of anybody's, and are shown as names are.
func (p *planner) warnOfPasses() {
	for _, settings := range children(p.root, tagSettings) {
		if name := attr(settings, attrPass); !slices.Contains(passNames[:], name) {
			p.warnings = append(p.warnings, fmt.Sprintf("there is a pass %q (line %d), which is none of the documented ones: what is in "+
				"it is not used", plaintext.Line(name, plaintext.Name), lineOf(p.text, p.spans[settings].start)))
		}
	}
}

// warnOfTwins tells of components that are there twice in one pass for one architecture, at which Setup stops (observed in
// public reports: "specified more than once"), also where each is in settings of its own. The two components that a join needs
// are refused before.
func (p *planner) warnOfTwins() {
	seen := make(map[string]int)
	for _, settings := range children(p.root, tagSettings) {
		for _, c := range children(settings, tagComponent) {
			id := attr(settings, attrPass) + "\x00"
			for _, key := range []string{attrName, attrArchitecture, attrLanguage, attrScope, attrToken} {
				id += strings.ToLower(attr(c, key)) + "\x00"
			}
			if seen[id]++; seen[id] == 2 {
				p.warnings = append(p.warnings, fmt.Sprintf("the component %s is twice for one architecture in the pass %s (line %d), at which "+
					"Setup stops (observed): make one of them", componentName(c), passName(settings), lineOf(p.text, p.spans[c].start)))
			}
		}
	}
}

// offlineIdentifications returns the joins of pass offlineServicing, where the component can hold a blob too (documented:
// "Microsoft-Windows-UnattendedJoin, OfflineIdentification").
func (d *document) offlineIdentifications() []*etree.Element {
	var found []*etree.Element
	for _, settings := range children(d.root, tagSettings) {
		for _, c := range components(settings, componentJoin) {
			found = append(found, children(c, tagOffline)...)
		}
	}
	return found
}

// planOffline refuses or takes away another blob that the file applies to an image that is being serviced: it would lie
// in the image, and whoever services the image with this file would stage it.
func (p *planner) planOffline() error {
	found := p.offlineIdentifications()
	if len(found) == 0 {
		return nil
	}
	if !p.options.Replace {
		return refuse(winerr.CantCreateJoinInfo, "holds a join for servicing an image (%s in the component %s): remove that, %s",
			tagOffline, componentJoin, orReplace)
	}
	for _, e := range found {
		p.drop(e)
		p.change(Delete, attr(e.Parent().Parent(), attrPass)+`\`+componentJoin, tagOffline, "a join for servicing an image", "")
	}
	p.replaced = append(p.replaced, tagOffline)
	return nil
}

// A command that gives the machine another name, or joins it to a domain or takes it out of one. It is looked for in
// any spelling of case; what is encoded or in a script of its own cannot be seen.
var renames = regexp.MustCompile(`(?i)\b(rename-computer|add-computer|remove-computer|djoin(\.exe)?\s|` +
	`netdom(\.exe)?\s+(join|move|remove|renamecomputer)|joindomainorworkgroup|` +
	`computersystem\b.{0,200}\brename\b|netsetup\b.{0,40}\bjoin|` +
	`\breg(\.exe)?"?\s+add\b.{0,200}\\computername\b|` +
	`\b(set|new)-itemproperty\b.{0,200}\\computername\b|` +
	`\b(reg(\.exe)?"?\s+add|(set|new)-itemproperty)\b.{0,200}\\tcpip\\parameters\b.{0,100}\bhostname\b)`)

// commandTags are the elements whose text is a command (documented), each with the element around it that a message
// names.
var commandTags = [...]string{"Path", "CommandLine"}

// warnOfCommands tells of commands that rename or join the machine once more, after the staged join.
func (p *planner) warnOfCommands() {
	for _, settings := range children(p.root, tagSettings) {
		for _, tag := range commandTags {
			for _, e := range below(settings, tag) {
				if !renames.MatchString(content(e)) {
					continue
				}
				p.warnings = append(p.warnings, fmt.Sprintf("a command in the pass %s (%s, line %d) renames the machine or joins "+
					"it to a domain by itself: it runs after the staged join and may undo it; remove it",
					passName(settings), holder(e), lineOf(p.text, p.spans[e].start)))
			}
		}
	}
}

// holder is the element that a command belongs to, as people know it: "FirstLogonCommands".
func holder(e *etree.Element) string {
	name := e.Tag
	for up := e.Parent(); up != nil && up.Tag != tagComponent; up = up.Parent() {
		name = up.Tag
	}
	return elementName(name)
}

// passName returns the name of a pass for a message.
func passName(settings *etree.Element) string {
	if name := attr(settings, attrPass); slices.Contains(passNames[:], name) {
		return name
	}
	return "of another name"
}

// windowsComponent matches the names of Windows' own components, which a message may show.
var windowsComponent = regexp.MustCompile(`^Microsoft-Windows-[A-Za-z0-9-]{1,80}$`)

func componentName(c *etree.Element) string {
	if name := attr(c, attrName); windowsComponent.MatchString(name) {
		return name
	}
	return "(its name is not shown)"
}

// anyName matches a ComputerName that asks for no particular name: "*" (documented: Setup makes one up), and what a
// template's program was to replace and has not, in the forms that public templates use: {{NAME}}, ${NAME}, $(NAME),
// @@NAME@@, #NAME#, %NAME%, <NAME>, [NAME], __NAME__.
var anyName = regexp.MustCompile(`^(\*|.*\{.*\}.*|.*\$[({A-Za-z].*|@.+@|#.+#|%.+%|<.+>|\[.+\]|__.+__)$`)
