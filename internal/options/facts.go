package options

import (
	"time"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Fact is something that users can read of a T, such as the machine name of a blob. A new fact is one entry in a table
// of this file: Terraform's data sources, functions and resource take it from there, so do Packer's data sources, and
// `make generate` writes the code and the pages that need it (package gen).
type Fact[T any] struct {
	Name Name
	Doc  string         // markdown, one sentence
	Read func(T) string // "" means that the T does not say
	// Staged facts are computed attributes of Terraform's resource offlinejoin_staged_join. A fact that blobs and images
	// share is staged in one table only: the one that the resource reads it from.
	Staged bool
}

// BlobFacts returns the table of what a blob is for, in the order of the documentation. Nothing in it is secret.
func BlobFacts() []Fact[offlinejoin.BlobFacts] {
	type blob = offlinejoin.BlobFacts
	return []Fact[blob]{
		{
			Name: Fingerprint, Read: func(b blob) string { return b.Fingerprint },
			Doc: Fingerprint.Doc(),
		},
		{
			Name: MachineName, Read: func(b blob) string { return b.MachineName },
			Doc: "The computer name that the blob is for.",
		},
		{
			Name: Domain, Read: func(b blob) string { return b.Domain },
			Doc: "The DNS name of the domain that the blob is for.",
		},
		{
			Name: "netbios_domain", Read: func(b blob) string { return b.NetBIOSName }, Staged: true,
			Doc: "The NetBIOS name of the domain that the blob is for.",
		},
		{
			Name: "domain_sid", Read: func(b blob) string { return b.DomainSID }, Staged: true,
			Doc: "The security identifier of the domain that the blob is for.",
		},
		{
			Name: "domain_guid", Read: func(b blob) string { return b.DomainGUID }, Staged: true,
			Doc: "The GUID of the domain that the blob is for.",
		},
		{
			Name: "forest", Read: func(b blob) string { return b.Forest }, Staged: true,
			Doc: "The DNS name of the forest that the blob's domain is in.",
		},
		{
			Name: "account_sid", Read: func(b blob) string { return b.AccountSID }, Staged: true,
			Doc: "The security identifier of the computer account in the blob.",
		},
		{
			Name: "domain_controller", Read: func(b blob) string { return b.DC }, Staged: true,
			Doc: "The domain controller that made the blob's account.",
		},
		{
			Name: "site", Read: func(b blob) string { return b.Site }, Staged: true,
			Doc: "The Active Directory site that the blob names for the machine; empty when it names none.",
		},
	}
}

// ImageFacts returns the table of what an image says about joins and about its Windows, in the order of the
// documentation. Nothing in it is secret.
func ImageFacts() []Fact[offlinejoin.Status] {
	type status = offlinejoin.Status
	return []Fact[status]{
		{
			Name: Status, Read: func(s status) string { return string(s.State) }, Staged: true,
			Doc: "What the image says about joins: `absent`, `staged`, `completed`, `failed`, `joined` (a domain " +
				"member already, not by us) or `foreign` (another tool's join is pending).",
		},
		{
			Name: "method_used", Read: func(s status) string { return string(s.Method) }, Staged: true,
			Doc: "How the staged join gets completed: `registry` or `answer_file`.",
		},
		{
			Name: Fingerprint, Read: func(s status) string { return s.Fingerprint }, Staged: true,
			Doc: Fingerprint.Doc(),
		},
		{
			Name: MachineName, Read: func(s status) string { return s.MachineName },
			Doc: "The computer name that the staged blob is for, or the member's own name.",
		},
		{
			Name: Domain, Read: func(s status) string { return s.Domain },
			Doc: "The domain that the staged blob is for, or the one that the machine is a member of.",
		},
		{
			Name: "staged_at", Read: func(s status) string { return s.StagedAt }, Staged: true,
			Doc: "When the join was staged (RFC 3339, UTC).",
		},
		{
			Name: "staged_by", Read: func(s status) string { return s.StagedBy },
			Doc: "The program that staged the join, with its version.",
		},
		{
			Name: "completed_at", Read: func(s status) string { return s.CompletedAt }, Staged: true,
			Doc: "When the first boot ended the join, well or not (RFC 3339, UTC, by the machine's clock).",
		},
		{
			Name: "result", Read: firstBootResult, Staged: true,
			Doc: "The documented code of what the first boot came to, such as `0 NERR_Success`; empty before it.",
		},
		{
			Name: "result_text", Read: func(s status) string { return s.ResultText }, Staged: true,
			Doc: "What the first boot came to, in one sentence; empty before it.",
		},
		{
			Name: "detail", Read: func(s status) string { return s.Detail },
			Doc: "What was found where the status alone does not tell it, such as another tool's pending join.",
		},
		{
			Name: "program_rights", Read: func(s status) string { return s.ProgramRights }, Staged: true,
			Doc: "Who sets the access rights of the completion program's file: `kept` by the image's file system, or " +
				"`at_first_boot` by the program itself, before anybody can log on, where that file system cannot hold Windows " +
				"rights; empty for other methods.",
		},
		{
			Name: "windows_product", Read: func(s status) string { return s.Image.ProductName }, Staged: true,
			Doc: "The Windows product in the image, such as `Windows Server 2022 Standard`.",
		},
		{
			Name: "windows_edition", Read: func(s status) string { return s.Image.EditionID }, Staged: true,
			Doc: "The edition of the Windows in the image, as its registry spells it, such as `ServerStandard`.",
		},
		{
			Name: "windows_build", Read: func(s status) string { return s.Image.Build }, Staged: true,
			Doc: "The build of the Windows in the image, such as `20348.2700`.",
		},
		{
			Name: "architecture", Read: func(s status) string { return s.Image.Architecture }, Staged: true,
			Doc: "The architecture of the Windows in the image: `amd64`, `arm64` or `x86`.",
		},
		{
			Name: "product_type", Read: func(s status) string { return s.Image.ProductType },
			Doc: "Whether the image is of a client (`WinNT`), a server (`ServerNT`) or a domain controller " +
				"(`LanmanNT`).",
		},
		{
			Name: "image_state", Read: func(s status) string { return s.Image.ImageState },
			Doc: "How far Windows Setup is with the image, such as `IMAGE_STATE_COMPLETE`.",
		},
		{
			Name: "computer_name", Read: func(s status) string { return s.Image.ComputerName }, Staged: true,
			Doc: "The computer name that the image has now.",
		},
		{
			Name: "machine_sid", Read: func(s status) string { return s.Image.MachineSID }, Staged: true,
			Doc: "The security identifier of the Windows installation in the image; clones made without generalizing " +
				"share it.",
		},
	}
}

// firstBootResult returns the code that the first boot ended with, and "" before it.
func firstBootResult(s offlinejoin.Status) string {
	switch s.State {
	case offlinejoin.StateCompleted:
	case offlinejoin.StateFailed:
		if s.Result == 0 { // a join that did not come about is no success
			return ""
		}
	case offlinejoin.StateStaged: // an attempt that is to be repeated has a result, too
		if s.Attempts == 0 || s.Result == 0 {
			return ""
		}
	default:
		return ""
	}
	return winerr.Code(s.Result).String()
}

// LedgerFacts returns the table of what a ledger's entry says, in the order of the documentation.
func LedgerFacts() []Fact[offlinejoin.LedgerEntry] {
	type entry = offlinejoin.LedgerEntry
	return []Fact[entry]{
		{
			Name: ID, Read: func(e entry) string { return e.ID },
			Doc: "What the ledger calls this use.",
		},
		{
			Name: Status, Read: func(e entry) string { return e.Event },
			Doc: "What the ledger knows of the join: `intent` (its stage was not seen to end), `staged` or `completed`.",
		},
		{
			Name: "recorded_at", Read: recordedAt,
			Doc: "When the ledger recorded it (RFC 3339, UTC).",
		},
		{
			Name: Fingerprint, Read: func(e entry) string { return e.Fingerprint },
			Doc: Fingerprint.Doc(),
		},
		{
			Name: MachineName, Read: func(e entry) string { return e.MachineName },
			Doc: "The computer name that the join is for.",
		},
		{
			Name: Domain, Read: func(e entry) string { return e.Domain },
			Doc: "The DNS name of the domain that the join is for.",
		},
		{
			Name: "account_sid", Read: func(e entry) string { return e.AccountSID },
			Doc: "The security identifier of the computer account in the blob.",
		},
		{
			Name: WindowsPath, Read: func(e entry) string { return e.WindowsPath },
			Doc: "The Windows directory of the image, as it was given when the join was staged.",
		},
		{
			Name: ImageName, Read: func(e entry) string { return e.ImageName },
			Doc: "What names the image on every host; empty when it was not given.",
		},
		{
			Name: "machine_sid", Read: func(e entry) string { return e.MachineSID },
			Doc: "The security identifier of the Windows installation in the image; clones made without generalizing " +
				"share it.",
		},
		{
			Name: "staged_by", Read: func(e entry) string { return e.By },
			Doc: "The program that staged the join, with its version.",
		},
		{
			Name: "host", Read: func(e entry) string { return e.Host },
			Doc: "The machine on which the join was staged.",
		},
		{
			Name: ReuseReason, Read: func(e entry) string { return e.ReuseReason },
			Doc: "Why the account was used again.",
		},
	}
}

func recordedAt(e offlinejoin.LedgerEntry) string {
	if e.At.IsZero() {
		return ""
	}
	return e.At.UTC().Format(time.RFC3339)
}

// AccountFacts returns the table of what the directory has of an account, in the order of the documentation. Nothing in it is
// secret.
func AccountFacts() []Fact[offlinejoin.AccountFacts] {
	type account = offlinejoin.AccountFacts
	return []Fact[account]{
		{
			Name: "account_status", Read: func(a account) string { return string(a.Status) },
			Doc: "What has become of the account: `fresh` (no machine has logged on with it), `in_use`, `changed` (its password " +
				"is not the one that was staged), `disabled`, `gone` or `unknown` (the domain could not be asked).",
		},
		{
			Name: MachineName, Read: func(a account) string { return a.MachineName },
			Doc: "The computer name of the account.",
		},
		{
			Name: Domain, Read: func(a account) string { return a.Domain },
			Doc: "The DNS name of the account's domain.",
		},
		{
			Name: "dn", Read: func(a account) string { return a.DN },
			Doc: "The distinguished name of the account.",
		},
		{
			Name: "object_guid", Read: func(a account) string { return a.ObjectGUID },
			Doc: "The objectGUID of the account: it stays when the account is moved or renamed.",
		},
		{
			Name: "account_sid", Read: func(a account) string { return a.SID },
			Doc: "The security identifier of the account.",
		},
		{
			Name: "owner_sid", Read: func(a account) string { return a.OwnerSID },
			Doc: "The security identifier of the account's owner; empty when this user may not read it.",
		},
		{
			Name: "domain_controller", Read: func(a account) string { return a.DC },
			Doc: "The domain controller that was asked.",
		},
		{
			Name: "password_last_set", Read: func(a account) string { return a.PasswordLastSet.String() },
			Doc: "When the account got its password (RFC 3339, UTC, to 100 ns).",
		},
		{
			Name: "last_logon", Read: func(a account) string { return a.LastLogon.String() },
			Doc: "When a machine last logged on with the account, as far as this domain controller has heard; empty: never.",
		},
		{
			Name: "description", Read: func(a account) string { return a.Description },
			Doc: "The account's own description.",
		},
		{
			Name: "marker", Read: func(a account) string { return a.Marker },
			Doc: "What a run of this program has left behind the description: how far it came, its name, when, and for which image.",
		},
	}
}
