package answerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// warnOfArchitecture tells of settings for the same component that Setup of this image does not look at.
func (p *planner) warnOfArchitecture(settings, join *etree.Element) {
	var others []string
	for _, e := range components(settings, componentJoin) {
		if e != join && !strings.EqualFold(attr(e, attrArchitecture), p.join.Architecture) {
			others = append(others, printable(attr(e, attrArchitecture)))
		}
	}
	if len(others) > 0 {
		p.warnings = append(p.warnings,
			fmt.Sprintf("the component %s for %s stays as it is; this image is %s, so Setup does not "+
				"look at it", componentJoin, strings.Join(others, ", "), p.join.Architecture))
	}
}

// warnOfAutoLogon tells of what makes a client edition of Windows restart its out-of-box experience for ever once it is
// joined (observed on Windows 11): an automatic logon of a local user.
func (p *planner) warnOfAutoLogon() {
	if !p.options.Client {
		return
	}
	for _, settings := range slices.Concat(p.passes(passOOBE), p.passes(passSpecialize)) {
		for _, shell := range components(settings, componentShell) {
			if slices.ContainsFunc(children(shell, tagAutoLogon), p.local) {
				p.warnings = append(p.warnings, "AutoLogon of a local user: on a client edition that is joined before its first "+
					"logon, the out-of-box experience may refuse it and start again and again (observed on Windows 11); remove "+
					"AutoLogon, or let a domain user log on")
				return
			}
		}
	}
}

// local tells that an AutoLogon is on, and for a user of the machine itself.
func (p *planner) local(autoLogon *etree.Element) bool {
	value := func(tag string) string {
		for _, e := range children(autoLogon, tag) {
			return content(e)
		}
		return ""
	}
	enabled := strings.ToLower(value("Enabled"))
	domain := value("Domain")
	here := domain == "" || domain == "." || strings.EqualFold(domain, "%COMPUTERNAME%") ||
		strings.EqualFold(domain, p.join.MachineName)
	return (enabled == "true" || enabled == "1") && here
}
