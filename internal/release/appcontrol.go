package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion/program"
)

// bootHash is what Windows' application control knows a completion program by.
type bootHash struct{ arch, authenticode string } // the digest in upper-case hex

// packAppControl writes the Authenticode digests of the completion programs, and a policy that allows these programs and
// nothing else, to be added to a policy that is there.
func (d *dist) packAppControl() error {
	var all []bootHash
	var list bytes.Buffer
	for _, arch := range program.Architectures() {
		boot, err := program.Lookup(arch)
		if err != nil {
			return err
		}
		sum, err := program.AuthenticodeSHA256(boot.Bytes())
		if err != nil {
			return err
		}
		one := bootHash{arch, strings.ToUpper(fmt.Sprintf("%x", sum))}
		all = append(all, one)
		fmt.Fprintf(&list, "%s  odjboot.exe %s\n", one.authenticode, arch)
	}
	policy, err := appControlPolicy(d.version, all)
	if err != nil {
		return err
	}
	if err := d.put(command, fmt.Sprintf("odjboot_%s_authenticode.txt", d.version), list.Bytes()); err != nil {
		return err
	}
	return d.put(command, fmt.Sprintf("odjboot_%s_appcontrol.xml", d.version), policy)
}

// Elements of a supplemental policy of App Control for Business, as Microsoft's ConfigCI module writes them.
type (
	siPolicy struct {
		XMLName       xml.Name     `xml:"urn:schemas-microsoft-com:sipolicy SiPolicy"`
		Type          string       `xml:"PolicyType,attr"`
		Version       string       `xml:"VersionEx"`
		Platform      string       `xml:"PlatformID"`
		Rules         []siRule     `xml:"Rules>Rule"`
		EKUs          struct{}     `xml:"EKUs"`
		FileRules     []siAllow    `xml:"FileRules>Allow"`
		Signers       struct{}     `xml:"Signers"`
		Scenarios     []siScenario `xml:"SigningScenarios>SigningScenario"`
		UpdateSigners struct{}     `xml:"UpdatePolicySigners"`
		CISigners     struct{}     `xml:"CiSigners"`
		HVCI          int          `xml:"HvciOptions"`
		Settings      []siSetting  `xml:"Settings>Setting"`
		Base          string       `xml:"BasePolicyID"`
		ID            string       `xml:"PolicyID"`
	}
	siRule struct {
		Option string `xml:"Option"`
	}
	siAllow struct {
		ID   string `xml:"ID,attr"`
		Name string `xml:"FriendlyName,attr"`
		Hash string `xml:"Hash,attr"`
	}
	siScenario struct {
		Value    string  `xml:"Value,attr"`
		ID       string  `xml:"ID,attr"`
		Name     string  `xml:"FriendlyName,attr"`
		Products siRules `xml:"ProductSigners"`
	}
	siRules struct {
		Refs []siRef `xml:"FileRulesRef>FileRuleRef"`
	}
	siRef struct {
		Rule string `xml:"RuleID,attr"`
	}
	siSetting struct {
		Provider string  `xml:"Provider,attr"`
		Key      string  `xml:"Key,attr"`
		Name     string  `xml:"ValueName,attr"`
		Value    siValue `xml:"Value"`
	}
	siValue struct {
		String string `xml:"String"`
	}
)

const (
	windowsPlatform = "{2E07F7E4-194C-4D20-B7C9-6F44A6C5A234}" // of every policy for Windows
	// The policy that the older, single policy format stands for. Whose policy has an id of its own sets it with
	// Set-CIPolicyIdInfo -SupplementsBasePolicyID.
	singlePolicy = "{A244370E-44C9-4C06-B551-F6016E563076}"
	userMode     = "12" // the value of the scenario for programs, in contrast to drivers
)

func appControlPolicy(version string, boots []bootHash) ([]byte, error) {
	p := siPolicy{
		Type: "Supplemental Policy", Version: version + ".0", Platform: windowsPlatform, Base: singlePolicy,
		Rules: []siRule{{"Enabled:Unsigned System Integrity Policy"}},
	}
	users := siScenario{Value: userMode, ID: "ID_SIGNINGSCENARIO_WINDOWS", Name: "programs"}
	seed := sha256.New()
	for i, b := range boots {
		id := fmt.Sprintf("ID_ALLOW_A_%d", i+1)
		p.FileRules = append(p.FileRules, siAllow{id, "offlinejoin " + version + " odjboot.exe " + b.arch + " Hash Sha256", b.authenticode})
		users.Products.Refs = append(users.Products.Refs, siRef{id})
		fmt.Fprintln(seed, b.arch, b.authenticode)
	}
	p.Scenarios = []siScenario{users}
	for _, s := range [][2]string{{"Name", "offlinejoin completion program"}, {"Id", "offlinejoin " + version}} {
		p.Settings = append(p.Settings, siSetting{"PolicyInfo", "Information", s[0], siValue{s[1]}})
	}
	// An id of these programs alone, in the form of a random one (RFC 9562, version 8).
	id := seed.Sum(nil)[:16]
	id[6], id[8] = id[6]&0x0F|0x80, id[8]&0x3F|0x80
	p.ID = strings.ToUpper(fmt.Sprintf("{%x-%x-%x-%x-%x}", id[:4], id[4:6], id[6:8], id[8:10], id[10:]))
	text, err := xml.MarshalIndent(p, "", "  ")
	return []byte(xml.Header + string(text) + "\n"), err
}
