package options

import "strings"

// Word is an option or a computed fact, by the name that users write and read, such as "windows_path".
type Word string

// The options.
const (
	WordWindowsPath Word = "windows_path"
	WordBlobFile    Word = "blob_file"
	WordBlob        Word = "blob"
	WordBlobWO      Word = "blob_wo"
	WordBlobVersion Word = "blob_wo_version"
	WordMachineName Word = "machine_name"
	WordDomain      Word = "domain"
	WordMethod      Word = "method"
	WordOnExisting  Word = "on_existing"
	WordDryRun      Word = "dry_run"
	WordSourceFile  Word = "source_file"
)

// The computed facts.
const (
	FactID               Word = "id"
	FactFingerprint      Word = "fingerprint"
	FactStatus           Word = "status"
	FactNetBIOSDomain    Word = "netbios_domain"
	FactDomainSID        Word = "domain_sid"
	FactDomainGUID       Word = "domain_guid"
	FactDomainController Word = "domain_controller"
	FactSite             Word = "site"
	FactWindowsProduct   Word = "windows_product"
	FactWindowsBuild     Word = "windows_build"
	FactArchitecture     Word = "architecture"
	FactStagedAt         Word = "staged_at"
)

// entry is what is known of a word.
type entry struct {
	doc      string   // markdown, one or two sentences
	fallback string   // the default; empty: none
	allowed  []string // empty: anything
	secret   bool
}

// Name returns the word as HCL has it.
func (w Word) Name() string { return string(w) }

// Flag returns the word as the command line has it: "windows-path".
func (w Word) Flag() string { return strings.ReplaceAll(string(w), "_", "-") }

// Doc returns the documentation in markdown: one or two sentences, with the default and the allowed values in them.
func (w Word) Doc() string { return words[w].doc }

// Default returns the value that an absent option has, and "" when it has none.
func (w Word) Default() string { return words[w].fallback }

// Allowed returns the values that the option takes, and nil when it takes any.
func (w Word) Allowed() []string { return append([]string(nil), words[w].allowed...) }

// Secret reports whether the value must never be shown.
func (w Word) Secret() bool { return words[w].secret }

// Known returns every word that has documentation, in no order.
func Known() []Word {
	known := make([]Word, 0, len(words))
	for w := range words {
		known = append(known, w)
	}
	return known
}
