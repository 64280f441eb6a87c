package winimage

import (
	"fmt"
	"strings"
)

// readSystem reads the SYSTEM hive (docs/internals/windows.md §2, §5).
func (im *Image) readSystem(r *reader) {
	im.controlSet = im.findControlSet(r)
	f := &im.facts
	f.ControlSet = im.controlSet
	f.Setup = readSetup(r)
	if im.controlSet == "" {
		return
	}
	control, services := im.controlSet+`\Control`, im.controlSet+`\Services`
	f.ProductType = r.text(control+`\ProductOptions`, "ProductType")
	// A Pro in S mode has the EditionID of a Pro; what it may start is this policy's (observed in public reports).
	f.SMode = r.number(control+`\CI\Policy`, "SkuPolicyRequired") != 0
	f.ComputerName = r.text(control+`\ComputerName\ComputerName`, "ComputerName")
	f.Architecture = architectureNamed(r.text(control+`\Session Manager\Environment`, "PROCESSOR_ARCHITECTURE"))

	const params = `\Tcpip\Parameters`
	f.HostName = firstOf(r.text(services+params, "NV Hostname"), r.text(services+params, "Hostname"))
	f.DNSSuffix = firstOf(r.text(services+params, "NV Domain"), r.text(services+params, "Domain"))
	f.PendingJoins = findPendingJoins(r, control, services)
}

// findControlSet returns the key of the control set that the next boot uses.
func (im *Image) findControlSet(r *reader) string {
	current, next := r.number("Select", "Current"), r.number("Select", "Default")
	if next == 0 {
		next = current
	}
	if current != 0 && next != current {
		im.facts.Warnings = append(im.facts.Warnings, fmt.Sprintf(
			"the next boot uses control set %d, the last one used %d: the names and states shown are those of %d",
			next, current, next))
	}
	const most = 999 // three digits
	name := fmt.Sprintf("ControlSet%03d", next)
	if next == 0 || next > most || !r.has(name) {
		return ""
	}
	return name
}

func readSetup(r *reader) SetupFlags {
	const key = "Setup"
	return SetupFlags{
		SystemSetupInProgress: r.number(key, "SystemSetupInProgress") != 0,
		OOBEInProgress:        r.number(key, "OOBEInProgress") != 0,
		Upgrade:               r.number(key, "Upgrade") != 0,
		SetupType:             r.number(key, "SetupType"),
		CmdLine:               r.text(key, "CmdLine"),
		UnattendFile:          r.text(key, "UnattendFile"),
	}
}

// findPendingJoins looks for the traces that other tools' unfinished joins are known by (docs/internals/windows.md §2,
// observed). An empty DJOIN key is part of every Windows since 8.1.
func findPendingJoins(r *reader, control, services string) []PendingJoin {
	var found []PendingJoin
	add := func(there bool, key string) {
		if there {
			found = append(found, PendingJoin{Key: `SYSTEM\` + key})
		}
	}
	const djoin = `Setup\DJOIN`
	add(r.filled(djoin), djoin)
	add(r.has(control+`\Lsa\OfflineJoin`), control+`\Lsa\OfflineJoin`)
	add(r.has(services+`\Netlogon\JoinDomain`), services+`\Netlogon\JoinDomain`)
	return found
}

// architectureNamed translates PROCESSOR_ARCHITECTURE.
func architectureNamed(s string) Architecture {
	switch strings.ToUpper(s) {
	case "AMD64":
		return AMD64
	case "ARM64":
		return ARM64
	case "X86":
		return X86
	}
	return ""
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
