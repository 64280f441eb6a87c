package report_test

import (
	"fmt"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// hostile is text that would do something on a page that does not escape it.
const hostile = `</script><script>document.title="broken"</script><img src=x onerror='document.title="broken"'>"'&`

// sampleReport is an apply of n joins: most staged, some unchanged, some failed, the last not begun.
func sampleReport(n int) *fleet.Report {
	start := time.Date(2026, 11, 24, 10, 4, 0, 0, time.UTC)
	r := &fleet.Report{
		SchemaVersion: 1, Action: fleet.Apply, Source: "fleet.join.hcl", By: "offlinejoin/0.1.0",
		StartedAt: start, FinishedAt: start.Add(2340 * time.Millisecond), Interrupted: true,
	}
	for i := range n {
		name := fmt.Sprintf("web%02d", i+1)
		one := fleet.Result{
			Join: fmt.Sprintf("join.web[%q]", name), File: "fleet.join.hcl", Line: 12,
			WindowsPath: "/srv/images/" + name + "/Windows", BlobFile: "secrets/" + name + ".djoin.age", Millis: 131,
		}
		switch {
		case i == n-1:
			one.Outcome = fleet.OutcomeNotBegun
		case i%7 == 3:
			one.Outcome = fleet.OutcomeFailed
			one.Error = &fleet.Failure{Code: 50, Name: "ERROR_NOT_SUPPORTED", Message: one.WindowsPath +
				" is a domain controller; a join cannot be staged into it. Nothing was written."}
		default:
			one.Receipt = sampleReceipt(name, i%5 == 4)
			one.Outcome = one.Receipt.Outcome
		}
		r.Joins = append(r.Joins, one)
	}
	r.Recount()
	return r
}

func sampleReceipt(name string, unchanged bool) *offlinejoin.Receipt {
	machine := "WEB" + name[3:]
	const fingerprint = "4f1c9a6be2d07c51b8a3f4e6d2c190875a6b3c4d5e6f708192a3b4c5d6e0e09a"
	r := &offlinejoin.Receipt{
		SchemaVersion: 1, Outcome: offlinejoin.OutcomeStaged, Method: offlinejoin.MethodRegistry,
		Blob: offlinejoin.BlobFacts{
			Fingerprint: fingerprint, MachineName: machine, Domain: "corp.example.com", NetBIOSName: "CORP",
			DC: "dc1.corp.example.com",
		},
		Status: offlinejoin.Status{
			State: offlinejoin.StateStaged, Method: offlinejoin.MethodRegistry, Fingerprint: fingerprint,
			MachineName: machine, Domain: "corp.example.com", StagedAt: "2026-11-24T10:04:01Z", StagedBy: "offlinejoin/0.1.0",
			Image: offlinejoin.ImageFacts{
				WindowsPath: "/srv/images/" + name + "/Windows", ProductName: "Windows Server 2022 Standard",
				Build: "20348.2700", Architecture: "amd64", ComputerName: "WIN-7Q2K",
			},
		},
		Changes: []offlinejoin.Change{
			{
				Kind: offlinejoin.ChangeAdd, Where: `SYSTEM\Setup\OfflineJoin`, Type: "key",
				After: "new key, SYSTEM and Administrators only",
			},
			{
				Kind: offlinejoin.ChangeModify, Where: `SYSTEM\Setup`, Name: "SetupType", Type: "REG_DWORD",
				Before: "0", After: "2",
			},
		},
		BytesWritten: 2 << 20,
	}
	if unchanged {
		r.Outcome, r.Changes, r.BytesWritten = offlinejoin.OutcomeUnchanged, nil, 0
		r.Warnings = []string{"the account in the blob is older than 30 days: check that its password is still valid"}
	}
	return r
}
