package offlinejoin

import (
	"fmt"
	"strings"
)

// The answer files of public repositories, as a review of 178 of them has found them: what their ComputerName is, and how
// often each feature of XML occurs. Every file here is made anew in those shapes.
const (
	kindFiles = 178

	kindAny         = "any name"    // ComputerName is *
	kindPlaceholder = "placeholder" // of a template that nobody has filled in
	kindBuildName   = "build name"  // the name that a build gave the machine
	kindFine        = "fine"        // no name, or no pass specialize
	kindMalformed   = "malformed"
)

// kindOf is what the i-th file is, in a fixed order in which the kinds are mixed.
func kindOf(i int) string {
	const step = 61 // has no divisor in common with kindFiles
	place := i * step % kindFiles
	for _, k := range []struct {
		kind  string
		count int
	}{{kindAny, 34}, {kindPlaceholder, 10}, {kindBuildName, 56}, {kindFine, 71}} {
		if place < k.count {
			return k.kind
		}
		place -= k.count
	}
	return kindMalformed
}

// kindFile is an answer file with features of its own.
type kindFile struct {
	index        int
	kind         string
	architecture string
	quote        string
	indent       string
}

func newKindFile(i int) kindFile {
	f := kindFile{index: i, kind: kindOf(i), architecture: "amd64", quote: `"`, indent: "    "}
	switch {
	case f.has(21, 7):
		f.architecture = "x86"
	case f.has(2, 17):
		f.architecture = "arm64"
	}
	if f.has(60, 3) {
		f.quote = "'"
	}
	if f.has(30, 5) {
		f.indent = "\t"
	}
	return f
}

// has is true for count of all files; step mixes the features.
func (f kindFile) has(count, step int) bool { return (f.index*step+step)%kindFiles < count }

// content returns the file's bytes.
func (f kindFile) content() []byte {
	var b strings.Builder
	if f.has(4, 11) {
		b.WriteString("\uFEFF")
	}
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>` + "\n" + `<unattend xmlns="urn:schemas-microsoft-com:unattend">` + "\n")
	if f.has(102, 13) {
		b.WriteString("<!-- made for golden images & <tests>; see the wiki -->\n")
	}
	b.WriteString(f.settings("windowsPE", f.component("International-Core-WinPE", "<UILanguage>en-US</UILanguage>")))
	b.WriteString(f.specialize())
	b.WriteString(f.oobe())
	if f.has(94, 19) {
		b.WriteString(f.indent + `<cpi:offlineImage cpi:source="wim:c:/images/install.wim#Server" xmlns:cpi="urn:schemas-microsoft-com:cpi" />` + "\n")
	}
	if f.has(4, 23) {
		b.WriteString(`<Extensions xmlns="https://example.com/generator"><File path="x.ps1"><![CDATA[if (1 -lt 2) { "a" }]]></File></Extensions>` + "\n")
	}
	b.WriteString("</unattend>\n")
	text := f.spoil(b.String())
	if f.has(38, 29) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return []byte(text)
}

func (f kindFile) settings(pass, inner string) string {
	return f.indent + "<settings pass=" + f.quote + pass + f.quote + ">\n" + inner + f.indent + "</settings>\n"
}

func (f kindFile) component(name, inner string) string {
	attribute := func(key, value string) string { return " " + key + "=" + f.quote + value + f.quote }
	wcm := ""
	if f.has(169, 31) {
		wcm = attribute("xmlns:wcm", "http://schemas.microsoft.com/WMIConfig/2002/State")
	}
	return strings.Repeat(f.indent, 2) + "<component" + attribute("name", "Microsoft-Windows-"+name) +
		attribute("processorArchitecture", f.architecture) + attribute("publicKeyToken", "31bf3856ad364e35") +
		attribute("language", "neutral") + attribute("versionScope", "nonSxS") + wcm + ">\n" +
		strings.Repeat(f.indent, 3) + inner + "\n" + strings.Repeat(f.indent, 2) + "</component>\n"
}

// specialize is the pass that a join goes into.
func (f kindFile) specialize() string {
	placeholders := []string{"{{ hostname }}", "${NAME}", "$(ComputerName)", "@@HOST@@", "#HOSTNAME#", "%COMPUTERNAME%", "[NAME]", "__NAME__"}
	builds := []string{"vagrant-2019", "GOLDEN-MASTER", "win2022", "packer", "TEMPLATE", "WIN-BUILD", "sysprep01"}
	name := ""
	switch f.kind {
	case kindAny:
		name = "*"
	case kindPlaceholder:
		name = placeholders[f.index%len(placeholders)]
	case kindBuildName:
		name = builds[f.index%len(builds)]
	case kindFine:
		if f.index%2 == 0 {
			return ""
		}
	}
	inner := "<TimeZone>W. Europe Standard Time</TimeZone>"
	if f.has(6, 37) {
		inner += "<RegisteredOwner>Müller &amp; Söhne 漢字</RegisteredOwner>"
	}
	if name != "" {
		inner = "<ComputerName>" + name + "</ComputerName>" + inner
	}
	return f.settings("specialize", f.component("Shell-Setup", inner)+f.otherJoin())
}

// otherJoin is a join in another way, which some of the files with a build name have.
func (f kindFile) otherJoin() string {
	if f.kind != kindBuildName || f.index%8 != 0 {
		return ""
	}
	credentials := ""
	if f.index%16 == 0 {
		credentials = "<Credentials><Domain>corp</Domain><Username>joiner</Username><Password>canary</Password></Credentials>"
	}
	return f.component("UnattendedJoin", "<Identification>"+credentials+"<JoinDomain>corp.example.com</JoinDomain></Identification>")
}

func (f kindFile) oobe() string {
	command := "<FirstLogonCommands><SynchronousCommand"
	if f.has(169, 31) {
		command += ` wcm:action="add"`
	}
	command += "><Order>1</Order><CommandLine>cmd /c echo &quot;done&quot; &gt; C:\\done.txt</CommandLine></SynchronousCommand></FirstLogonCommands>"
	return f.settings("oobeSystem", f.component("Shell-Setup", "<OOBE><HideEULAPage>true</HideEULAPage></OOBE>"+command))
}

// spoil makes a malformed file of one that is to be.
func (f kindFile) spoil(text string) string {
	if f.kind != kindMalformed {
		return text
	}
	switch f.index % 5 {
	case 0:
		return strings.Replace(text, "<HideEULAPage>true</HideEULAPage>", "<Value><Hidden></Value>", 1)
	case 1:
		return strings.Replace(text, "</settings>", "</Settings>", 1)
	case 2:
		return strings.Replace(text, "<unattend ", "<!-- a -- b --><unattend ", 1)
	case 3:
		return text[:len(text)/2]
	}
	return strings.Replace(text, "<OOBE>", `<OOBE x:y="1">`, 1)
}

func (f kindFile) String() string {
	return fmt.Sprintf("file %d (%s, %s)", f.index, f.kind, f.architecture)
}
