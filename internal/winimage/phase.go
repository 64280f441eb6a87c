package winimage

import "strings"

// Phase is where an installation stands between being copied to a disk and being in use. It decides which method of a
// join fits.
type Phase string

// The phases.
const (
	PhaseInstalled    Phase = "installed"    // set up; the next boot is a normal one
	PhaseGeneralized  Phase = "generalized"  // sysprep /generalize: Setup's specialize pass runs at the next boot
	PhaseSpecialized  Phase = "specialized"  // the specialize pass is done; OOBE or audit mode comes next
	PhaseSetup        Phase = "setup"        // in the middle of Setup or of an upgrade
	PhaseUndeployable Phase = "undeployable" // Setup gave up: it never becomes a usable machine by itself
)

// phase derives the phase. ImageState and its values are documented. What holds when it is absent or contradicts
// SYSTEM\Setup is our decision: flags that make the next boot run Setup win over IMAGE_STATE_COMPLETE; an image with
// neither is one that boots to its logon screen.
func (f Facts) phase() Phase {
	state := strings.ToUpper(f.ImageState)
	switch {
	case strings.HasPrefix(state, "IMAGE_STATE_GENERALIZE_"):
		return PhaseGeneralized
	case strings.HasPrefix(state, "IMAGE_STATE_SPECIALIZE_"):
		return PhaseSpecialized
	case state == "IMAGE_STATE_UNDEPLOYABLE":
		return PhaseUndeployable
	case f.Setup.SystemSetupInProgress, f.Setup.OOBEInProgress, f.Setup.runsSetup():
		return PhaseSetup
	case state == "" || state == "IMAGE_STATE_COMPLETE":
		return PhaseInstalled
	}
	return PhaseSetup // a state we do not know: nothing that counts as installed
}

// runsSetup reports whether the next boot runs a program of Windows Setup (docs/internals/windows.md §3:
// oobe\windeploy.exe).
func (s SetupFlags) runsSetup() bool {
	if s.SetupType == 0 {
		return false
	}
	cmd := strings.ToLower(s.CmdLine)
	return strings.Contains(cmd, "windeploy") || strings.Contains(cmd, "setup.exe") || strings.Contains(cmd, "setupcl")
}
