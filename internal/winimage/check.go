package winimage

import (
	"fmt"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// firstBuild is the first build that our completion program runs on: Windows 10 1507 and Server 2016.
const firstBuild = 10240

// CheckHives refuses an image whose SYSTEM, SOFTWARE or SECURITY hive cannot be relied on (2717, or 5 without rights).
// The SAM hive is not needed.
func (im *Image) CheckHives() error {
	for _, name := range []string{"SYSTEM", "SOFTWARE", "SECURITY"} {
		if err := im.faults[name]; err != nil {
			return err
		}
	}
	return nil
}

// VerifySystem refuses an image whose SYSTEM hive is damaged anywhere (2717), which opening does not look for; its Facts
// show that from then on.
func (im *Image) VerifySystem() error {
	err := im.system.Verify()
	if err == nil || im.faults["SYSTEM"] != nil {
		return im.faults["SYSTEM"]
	}
	im.noteDamage("SYSTEM", err)
	return im.faults["SYSTEM"]
}

// CheckJoinable refuses an image that cannot join a domain by any method: one that is not at rest (170), unusable hives
// (2717), a domain controller, an edition without domains, Nano Server, S mode or an unknown kind of Windows (50).
func (im *Image) CheckJoinable() error {
	if err := im.CheckAtRest(); err != nil {
		return err
	}
	if err := im.CheckHives(); err != nil {
		return err
	}
	f := im.facts
	switch {
	case strings.EqualFold(f.ProductType, ProductDomainController):
		return im.unsupported("is a domain controller; a join cannot be staged into it")
	case !strings.EqualFold(f.ProductType, ProductClient) && !strings.EqualFold(f.ProductType, ProductServer):
		return im.unsupported("is neither a Windows client nor a server (ProductType %q); "+
			"a join cannot be staged into it", f.ProductType)
	case nano(f):
		return im.unsupported("is a Nano Server, which completes a join by its own means only: use djoin /requestodj for " +
			"it, or an image of Server Core")
	case domainless(f.EditionID):
		return im.unsupported("is an edition that cannot join a domain (%s: home editions, S, SE and IoT Core cannot): use a Pro, "+
			"Education, Enterprise or Server edition", f.EditionID)
	case f.SMode:
		return im.unsupported("is in S mode, in which Windows joins no domain and starts no program from outside of the " +
			"Store: switch it out of S mode first")
	}
	return nil
}

// CheckRegistryMethod refuses an image that our completion program cannot complete a join in: too old or of unknown
// version (2723), of another architecture, or one whose next boot belongs to Windows Setup (50).
func (im *Image) CheckRegistryMethod() error {
	f := im.facts
	const needs = "the method registry needs Windows 10, Windows Server 2016 or later"
	switch {
	case f.Build == 0:
		return winerr.Errorf(winerr.TargetVersionUnsupported, "%s does not tell its build; %s", im.session, needs)
	case f.Build < firstBuild:
		return winerr.Errorf(winerr.TargetVersionUnsupported, "%s is build %d; %s", im.session, f.Build, needs)
	case f.Architecture == "":
		return im.unsupported("does not tell its processor architecture; the method registry needs amd64, arm64 or x86")
	case f.Phase == PhaseUndeployable:
		return im.unsupported("is an installation that Windows Setup gave up (IMAGE_STATE_UNDEPLOYABLE): install it again")
	case f.Phase != PhaseInstalled:
		return im.unsupported("is not an installed Windows but one that runs Windows Setup at its next boot (%s); "+
			"the method registry would take Setup's place: use an installed image (IMAGE_STATE_COMPLETE), or the method "+
			"answer_file for a generalized one", f.Phase)
	}
	return nil
}

// firstUnattendedBuild is the first build whose Setup joins a domain by account data: Windows 7 and Server 2008 R2
// (documented).
const firstUnattendedBuild = 7600

// CheckAnswerFileMethod refuses an image whose next boot does not run Windows Setup's specialize pass (50), or whose
// Setup is too old for a join by account data (2723).
func (im *Image) CheckAnswerFileMethod() error {
	f := im.facts
	const needs = "the method answer_file is for generalized images (IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE)"
	switch {
	case f.Build == 0:
		return winerr.Errorf(winerr.TargetVersionUnsupported, "%s does not tell its build; the method answer_file needs "+
			"Windows 7, Windows Server 2008 R2 or later", im.session)
	case f.Build < firstUnattendedBuild:
		return winerr.Errorf(winerr.TargetVersionUnsupported, "%s is build %d; the method answer_file needs Windows 7, "+
			"Windows Server 2008 R2 or later", im.session, f.Build)
	case f.Architecture == "":
		return im.unsupported("does not tell its processor architecture, which the answer file must name")
	case f.Phase == PhaseInstalled:
		return im.unsupported("is an installed Windows, and no Windows Setup will read an answer file: "+
			"use the method registry; %s", needs)
	case f.Phase == PhaseSpecialized:
		return im.unsupported("has been through Setup's specialize pass already: generalize it again; %s", needs)
	case f.Phase != PhaseGeneralized:
		return im.unsupported("is in the middle of Windows Setup (%s): let that finish, or generalize the image; %s",
			f.Phase, needs)
	}
	return nil
}

func (im *Image) unsupported(format string, args ...any) error {
	return winerr.Errorf(winerr.NotSupported, "%s %s", im.session, fmt.Sprintf(format, args...))
}
