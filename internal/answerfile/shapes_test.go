package answerfile

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// accountData is base64 that no document has by accident. It is no blob: this package does not look into one.
func accountData() []byte {
	raw := make([]byte, 150)
	for i := range raw {
		raw[i] = byte(i*i*7 + i*13 + 5)
	}
	return []byte(base64.StdEncoding.EncodeToString(raw))
}

func webJoin() Join {
	return Join{AccountData: accountData(), MachineName: "WEB01", Architecture: "amd64"}
}

// shape is an answer file as one may meet it.
type shape struct {
	name    string
	content []byte // nil: there is no file
	options Options
	join    func(*Join) // changes webJoin; nil: nothing
	// For a shape that is refused: the code, and words of the sentence. replaceable ones are golden with Replace.
	code        winerr.Code
	words       string
	replaceable bool
	unchanged   bool   // the join is there already
	warning     string // a word of a warning that must be there
	resized     bool   // lines of the old file are changed, not only added to
}

func (s shape) webJoin() Join {
	j := webJoin()
	if s.join != nil {
		s.join(&j)
	}
	return j
}

const (
	head = `<?xml version="1.0" encoding="utf-8"?>` + "\n" + `<unattend xmlns="urn:schemas-microsoft-com:unattend">` + "\n"
	wcm  = ` xmlns:wcm="http://schemas.microsoft.com/WMIConfig/2002/State" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`
	tail = "</unattend>\n"
)

func opening(name, arch string) string {
	return `<component name="` + name + `" processorArchitecture="` + arch +
		`" publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS"`
}

func shell(arch, inner string) string {
	return "        " + opening(componentShell, arch) + wcm + ">\n" + inner + "        </component>\n"
}

func unattendedJoin(arch, inner string) string {
	return "        " + opening(componentJoin, arch) + ">\n" + inner + "        </component>\n"
}

func specialize(inner string) string {
	return "    <settings pass=\"specialize\">\n" + inner + "    </settings>\n"
}

func computerName(name string) string {
	return "            <ComputerName>" + name + "</ComputerName>\n"
}

const oobe = `    <settings pass="oobeSystem">
        <component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">
            <OOBE>
                <HideEULAPage>true</HideEULAPage> <!-- nobody reads it -->
            </OOBE>
            <AutoLogon>
                <Password><Value>UABhAHMAcwB3AG8AcgBkAA==</Value><PlainText>false</PlainText></Password>
                <Enabled>true</Enabled>
                <Username>installer</Username>
            </AutoLogon>
        </component>
    </settings>
`

const credentials = `            <Identification>
                <Credentials>
                    <Domain>corp.example.com</Domain>
                    <Username>joiner</Username>
                    <Password>canary-Pa55-of-the-joiner</Password>
                </Credentials>
                <!-- the forest's only domain -->
                <JoinDomain>corp.example.com</JoinDomain>
                <DebugJoin>true</DebugJoin>
            </Identification>
`

const offlineImage = `    <cpi:offlineImage cpi:source="wim:c:/install.wim#Windows Server 2022" xmlns:cpi="urn:schemas-microsoft-com:cpi" />
`

func withAccountData(text string) string {
	return "            <Identification><Provisioning><AccountData>" + text +
		"</AccountData></Provisioning></Identification>\n"
}

func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

var leOrder = binary.LittleEndian

func wide(text string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune("\uFEFF" + text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

// otherAccountData is the blob of another join.
func otherAccountData() []byte {
	other := accountData()
	slices.Reverse(other)
	return slices.DeleteFunc(other, func(c byte) bool { return c == '=' })
}

func shapes() []shape {
	return slices.Concat(goodShapes(), namedShapes(), replaceableShapes(), badShapes())
}

func goodShapes() []shape {
	shellSettings := shell("amd64", "            <TimeZone>W. Europe Standard Time</TimeZone>\n")
	tcpip := "        " + opening("Microsoft-Windows-TCPIP", "amd64") + "></component><!-- static -->\n"
	utf16Text := strings.Replace(head, "utf-8", "utf-16", 1) +
		specialize(shell("amd64", "            <RegisteredOwner>Müller &amp; Söhne 𝄞</RegisteredOwner>\n")) + oobe + tail
	return []shape{
		{name: "none"},
		{name: "empty", content: []byte{}},
		{name: "blanks", content: []byte("\xEF\xBB\xBF \r\n\r\n")},
		{name: "nothing-in-it", content: []byte(head + tail)},
		{name: "self-closing-root", content: []byte(`<unattend xmlns="urn:schemas-microsoft-com:unattend"/>`), resized: true},
		{
			name:    "one-line",
			content: []byte(`<unattend xmlns="urn:schemas-microsoft-com:unattend"><settings pass="oobeSystem"></settings></unattend>`),
			resized: true,
		},
		{name: "other-passes", content: []byte(head + oobe + offlineImage + tail)},
		{name: "other-components", content: []byte(head + specialize(tcpip) + oobe + tail)},
		{name: "shell-without-name", content: []byte(head + specialize(shellSettings) + oobe + tail)},
		{name: "name-equal", content: []byte(head + specialize(shell("amd64", computerName("web01"))) + tail)},
		{
			name: "name-blank", content: []byte(head + specialize(shell("amd64", "            <ComputerName />\n")) + tail),
			resized: true,
		},
		{name: "self-closing-settings", content: []byte(head + "  <settings pass='specialize' />\n" + tail), resized: true},
		{
			name:    "self-closing-component",
			content: []byte(head + specialize("        "+opening(componentJoin, "amd64")+" />\n") + tail), resized: true,
		},
		{name: "identification-only", content: []byte(head + specialize(unattendedJoin("amd64",
			"            <Identification>\n              <TimeoutPeriodInSeconds>60</TimeoutPeriodInSeconds>\n            </Identification>\n")) + tail)},
		{name: "provisioning-only", content: []byte(head + specialize(unattendedJoin("amd64",
			"            <Identification><Provisioning></Provisioning></Identification>\n")) + tail), resized: true},
		{
			name:    "account-data-blank",
			content: []byte(head + specialize(unattendedJoin("amd64", withAccountData("\n  "))) + tail), resized: true,
		},
		{name: "account-data-wrapped", content: []byte(head + specialize(shell("amd64", computerName("WEB01"))+
			unattendedJoin("amd64", withAccountData("\n"+string(accountData())+"\n"))) + tail), resized: true},
		{name: "utf16le", content: wide(crlf(utf16Text), binary.LittleEndian)},
		{name: "utf16be", content: wide(utf16Text, binary.BigEndian)},
		{name: "utf8-bom-crlf", content: []byte("\xEF\xBB\xBF" + crlf(head+specialize(shellSettings)+oobe+tail))},
		{name: "code-page-in-ascii", content: []byte(strings.Replace(head, "utf-8", "Windows-1252", 1) + oobe + tail)},
		{name: "tabs", content: []byte(head + strings.ReplaceAll(specialize(shellSettings), "    ", "\t") + tail)},
		{
			name: "comments", content: []byte("<!-- first -->\n" + strings.TrimPrefix(head,
				`<?xml version="1.0" encoding="utf-8"?>`+"\n") + "\n\n<!--\n  <settings pass=\"specialize\"/>\n-->\n" +
				"  <settings   pass = \"specialize\"\n  >   <!-- here -->\n\n" + tcpip +
				"\t  <!-- no more -->\n </settings > <?keep this?>\n\n" + tail + "<!-- last -->"),
		},
		{
			name: "entities",
			content: []byte("<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n<unattend xmlns='urn:schemas-microsoft-com:unattend'>\n" +
				"  <settings pass='special&#105;ze'>\n    " + strings.ReplaceAll(opening(componentShell, "amd64"), `"`, `'`) +
				">\n" +
				"      <ComputerName>&#x57;EB<![CDATA[01]]></ComputerName>\n      <RegisteredOwner>A &amp; B &lt;&quot;&gt; &#233;</RegisteredOwner>\n    </component>\n  </settings>\n" + tail),
		},
		{name: "prefix", content: []byte(prefixed(head + specialize(shellSettings) + oobe + tail))},
		{
			name:    "wrong-architecture",
			content: []byte(head + specialize(shell("x86", computerName("OTHER"))+unattendedJoin("x86", credentials)) + tail),
			warning: "x86",
		},
		{
			name: "arm64", content: []byte(head + specialize(shell("arm64", computerName("WEB01"))) + tail),
			join: func(j *Join) { j.Architecture = "arm64" },
		},
		{
			name: "stylesheet",
			content: []byte("<?xml-stylesheet href='a.xsl'?>\n<unattend xmlns=\"urn:schemas-microsoft-com:unattend\">\n" +
				oobe + tail),
		},
		{
			name: "other-case",
			content: []byte(head + specialize(strings.Replace(shellSettings, componentShell, strings.ToLower(componentShell),
				1)) + tail),
		},
		{
			name: "already-there",
			content: []byte(head + specialize(shell("amd64", computerName("WEB01"))+unattendedJoin("amd64",
				withAccountData(string(accountData())))) + tail),
			unchanged: true,
		},
		{name: "client-autologon", content: []byte(head + oobe + tail), options: Options{Client: true}, warning: "AutoLogon"},
		{
			name:    "processed-other-pass",
			content: []byte(head + "    <settings pass=\"windowsPE\" wasPassProcessed=\"true\"></settings>\n" + oobe + tail),
		},
		{
			name: "ampersand", content: []byte(head + specialize(shell("amd64", computerName(""))) + tail),
			join: func(j *Join) { j.MachineName = "A&B" }, resized: true,
		},
	}
}

func prefixed(text string) string {
	return strings.NewReplacer("xmlns=", "xmlns:u=", "</", "</u:", "<?", "<?", "<!", "<!", "<", "<u:").Replace(text)
}

// servicing is a join in pass offlineServicing.
func servicing(data string) string {
	return "    <settings pass=\"offlineServicing\">\n" + unattendedJoin("amd64", strings.ReplaceAll(withAccountData(data),
		"Identification>", "OfflineIdentification>")) + "    </settings>\n"
}

// namedShapes ask for no particular name, or hold what a join does not look at and people have to be told of.
func namedShapes() []shape {
	var out []shape
	for name, text := range map[string]string{
		"any": "*", "braces": "{{ vm_name }}", "dollar": "${HOSTNAME}", "powershell": "$(hostname)", "at": "@@NAME@@",
		"hash": "#TABLE:x#", "percent": "%COMPUTERNAME%", "square": "[HOST]", "underscores": "__HOST__",
	} {
		out = append(out, shape{
			name: "name-" + name, content: []byte(head + specialize(shell("amd64", computerName(text))) + tail), resized: true,
			warning: "no particular name",
		})
	}
	command := func(pass, inner string) []byte {
		return []byte(head + "    <settings pass=\"" + pass + "\">\n" + shell("amd64", inner) + "    </settings>\n" + tail)
	}
	return append(out,
		shape{
			name: "second-rename", warning: "a command in the pass oobeSystem (FirstLogonCommands, line 5) renames",
			content: command(passOOBE, "<FirstLogonCommands><SynchronousCommand><CommandLine>powershell Rename-Computer X"+
				"</CommandLine></SynchronousCommand></FirstLogonCommands>"),
		},
		shape{
			name: "second-join", warning: "or joins",
			content: command("auditUser", "<RunSynchronous><RunSynchronousCommand><Path>NETDOM.EXE  JOIN %COMPUTERNAME%</Path>"+
				"</RunSynchronousCommand></RunSynchronous>"),
		},
		shape{
			name: "pass-unknown", warning: `there is a pass "specialise" (line 3), which is none of the documented ones: what is in it is not used`,
			content: command("specialise", "<TimeZone>UTC</TimeZone>"),
		},
		shape{
			name: "pass-without-name", warning: `there is a pass "" (line 3), which is none of the documented ones`,
			content: []byte(head + "    <settings>\n" + shell("amd64", "") + "    </settings>\n" + tail),
		},
		shape{
			name: "component-twice-elsewhere", warning: "Shell-Setup is twice for one architecture in the pass oobeSystem (line 6)",
			content: []byte(head + "    <settings pass=\"oobeSystem\">\n" + shell("amd64", "") + "        " + shell("amd64", "") +
				"    </settings>\n" + tail),
		},
		shape{
			name: "component-in-two-settings", warning: "Shell-Setup is twice for one architecture in the pass oobeSystem (line 8)",
			content: []byte(head + strings.Repeat("    <settings pass=\"oobeSystem\">\n"+shell("amd64", "")+"    </settings>\n", 2) + tail),
		},
		shape{
			name: "shell-x86", warning: "Shell-Setup for x86 stays as it is",
			content: []byte(head + specialize(shell("x86", computerName("OTHER"))) + tail),
		},
	)
}

func replaceableShapes() []shape {
	return []shape{
		{
			name: "name-different", content: []byte(head + specialize(shell("amd64", computerName("OTHER"))) + tail),
			code: winerr.CantVerifyHostname, words: "the name OTHER", replaceable: true,
		},
		{
			name:    "offline-identification",
			content: []byte(head + servicing(string(otherAccountData())) + specialize(shell("amd64", computerName("WEB01"))) + tail),
			code:    winerr.CantCreateJoinInfo, words: `OfflineIdentification in the component Microsoft-Windows-UnattendedJoin): ` +
				`remove that, or set on_existing = "replace"`, replaceable: true,
		},
		{
			name: "credentials", content: []byte(head + specialize(unattendedJoin("amd64", credentials)) + tail),
			code: winerr.CantCreateJoinInfo, words: "Credentials, JoinDomain", replaceable: true,
		},
		{
			name: "workgroup-one-line", content: []byte(head + specialize(unattendedJoin("amd64",
				"<Identification><JoinWorkgroup>W</JoinWorkgroup><UnsecureJoin>false</UnsecureJoin></Identification>")) + tail),
			code: winerr.CantCreateJoinInfo, words: "JoinWorkgroup", replaceable: true,
		},
		{
			name:    "other-account-data",
			content: []byte(head + specialize(unattendedJoin("amd64", withAccountData(string(otherAccountData())))) + tail),
			code:    winerr.CantCreateJoinInfo, words: "another join", replaceable: true,
		},
		{
			name: "utf16-credentials",
			content: wide(crlf(strings.Replace(head, "utf-8", "UTF-16", 1)+specialize(shell("amd64", computerName("Füße"))+
				unattendedJoin("amd64", credentials))+tail), binary.LittleEndian),
			code: winerr.CantVerifyHostname, words: "Füße", replaceable: true,
		},
	}
}

func badShapes() []shape {
	bad := func(name, content string, code winerr.Code, words string) shape {
		return shape{name: name, content: []byte(content), code: code, words: words}
	}
	const wrong = winerr.InvalidParameter
	return []shape{
		bad("processed", head+strings.Replace(specialize(shell("amd64", computerName("WEB01"))), `"specialize"`,
			`"specialize" wasPassProcessed="true"`, 1)+tail, winerr.NotSupported, `Panther\Unattend\Unattend.xml`),
		bad("erased", head+specialize(unattendedJoin("amd64", withAccountData(erasedMark)))+tail, winerr.NotSupported,
			"used by Windows Setup"),
		bad("component-twice", head+specialize(unattendedJoin("amd64", "")+unattendedJoin("AMD64", ""))+tail, wrong,
			"2 times"),
		bad("pass-in-capitals", head+strings.Replace(specialize(shell("amd64", computerName("OTHER"))), "specialize", "Specialize", 1)+
			tail, wrong, `has a pass "Specialize" (line 3) whose name is not spelt as documented: write it as "specialize"`),
		bad("shell-twice", head+specialize(shell("amd64", "")+shell("amd64", ""))+tail, wrong, "2 times"),
		bad("pass-twice", head+specialize("")+specialize("")+tail, wrong, "2 times"),
		bad("name-twice", head+specialize(shell("amd64", computerName("WEB01")+computerName("WEB01")))+tail, wrong,
			"ComputerName 2 times"),
		bad("identification-twice", head+specialize(unattendedJoin("amd64", withAccountData("")+withAccountData("")))+tail,
			wrong, "Identification 2 times"),
		bad("elements-in-account-data", head+specialize(unattendedJoin("amd64", withAccountData("<a/>")))+tail, wrong,
			"only text"),
		bad("wrong-token", head+specialize(strings.Replace(unattendedJoin("amd64", ""), publicKeyToken, "0123456789abcdef",
			1))+tail, wrong, "publicKeyToken"),
		bad("wrong-root", "<autounattend xmlns=\"urn:schemas-microsoft-com:unattend\"/>", wrong, "outermost element"),
		bad("no-namespace", "<unattend/>", wrong, namespace),
		bad("wrong-namespace", `<unattend xmlns="urn:schemas-microsoft-com:cpi"/>`, wrong, namespace),
		bad("cut-off", head+specialize(""), wrong, "line 5: the file ends, and the element unattend of line 2 is not closed"),
		bad("not-closed", head+specialize("<Password><Value><Hidden></Value></Password>")+tail, wrong,
			"line 4: the element Hidden of line 4 is not closed where another end tag comes"),
		bad("hyphens", head+"<!-- a -- b -->"+tail, wrong, `line 3: two hyphens ("--") in a comment`),
		bad("lone-ampersand", head+specialize("<Path>a & b</Path>")+tail, wrong, "line 4: an \"&\" that begins no character reference"),
		bad("unquoted", head+"<settings pass=specialize/>"+tail, wrong, "line 3: an attribute without value, or without quotes"),
		bad("lone-less", head+specialize("<Path>a < b</Path>")+tail, wrong, "line 4: a \"<\" that begins no tag"),
		bad("unbalanced", head+"</settings>"+tail, wrong, "line 3: the element unattend of line 2 is not closed where another end tag comes"),
		bad("text-after", head+tail+"x", wrong, "line 3: there is text outside"),
		bad("cdata-after", head+tail+"<![CDATA[ ]]>", wrong, "there is text outside"),
		bad("two-roots", head+tail+"<a/>", wrong, "second outermost"),
		bad("comment-only", "<!-- -->", wrong, "no element"),
		bad("doctype", `<!DOCTYPE unattend [<!ENTITY a "b">]>`+"\n"+tail, wrong, "document type"),
		bad("external-entity", `<!DOCTYPE unattend SYSTEM "file:///etc/passwd"><unattend/>`, wrong, "document type"),
		bad("entity", head+"&canary-Pa55-of-the-joiner;"+tail, wrong, "line 3"),
		bad("attribute-twice", head+"<settings pass='a' pass='b'/>"+tail, wrong, "attribute twice"),
		bad("attributes-stuck", head+"<settings pass='a'b='b'/>"+tail, wrong, "no blank between"),
		bad("undeclared-prefix", head+"<x:settings/>"+tail, wrong, "line 3: a name has a prefix"),
		bad("late-declaration", "\n"+head+tail, wrong, "line 2: the XML declaration"),
		bad("xml-1.1", strings.Replace(head, "1.0", "1.1", 1)+tail, wrong, "XML 1.0"),
		bad("upper-declaration", strings.Replace(head, "<?xml", "<?XML", 1)+tail, wrong, "XML 1.0"),
		bad("bare-declaration", "<?xml?>"+tail, wrong, "XML 1.0"),
		bad("nul-in-comment", head+"<!-- \x00 -->"+tail, wrong, "line 3: it has a character"),
		bad("stuck-instruction", head+"<?a=b?>"+tail, wrong, "line 3: a processing instruction"),
		bad("unknown-encoding", strings.Replace(head, "utf-8", "latin", 1)+tail, wrong, "first line"),
		bad("too-deep", head+strings.Repeat("<a>", 100)+strings.Repeat("</a>", 100)+tail, wrong, "nested too deeply"),
		bad("too-many", head+strings.Repeat("<a/>", 70_000)+tail, wrong, "more than 65536 parts"),
		bad("too-large", head+strings.Repeat(" ", MaxSize)+tail, wrong, "larger than 4 MiB"),
		bad("not-utf8", head+"<!-- \xE4 -->"+tail, wrong, "save it as UTF-8"),
		bad("utf16-without-mark", string(wide(head+tail, binary.LittleEndian)[2:]), wrong, "without a byte order mark"),
		bad("utf16-cut", string(wide(strings.Replace(head, "utf-8", "utf-16", 1)+tail, binary.LittleEndian))+"x", wrong,
			"not valid UTF-16"),
		bad("utf16-half-pair", "\xFF\xFE\x00\xD8\x3C\x00", wrong, "not valid UTF-16"),
		bad("utf16-says-utf8", string(wide(head+tail, binary.LittleEndian)), wrong, "first line"),
		bad("utf8-says-utf16", strings.Replace(head, "utf-8", "utf-16", 1)+tail, wrong, "first line"),
		bad("code-page", strings.Replace(head, "utf-8", "iso-8859-1", 1)+"<!-- ä -->"+tail, wrong, "first line"),
		bad("not-xml", "[unattend]\r\nname=x", wrong, "text outside"),
	}
}
