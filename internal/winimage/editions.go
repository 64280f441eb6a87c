package winimage

import (
	"regexp"
	"strings"
)

// homeless matches every EditionID of an edition that cannot join a domain: the families that Microsoft documents
// ("Join your computer to a domain" and the comparison tables of Windows 7 to 11 name Professional, Education,
// Enterprise, Ultimate and Business as those that can; Windows 10 in S mode and Windows 11 SE are documented to take no
// domain, IoT Core has no domain join), in each form that an edition is sold in: N and KN without media player, K and E,
// ARM, connected, for one language or one country, for evaluation. The spelling of the families is observed; that every
// family is spelt in every one of these forms is inferred, and a spelling that does not exist costs nothing.
var homeless = regexp.MustCompile(`(?i)^(` + strings.Join([]string{
	"Starter", "HomeBasic", "HomePremium", "Home", // Windows Vista and 7
	"Core", "CoreConnected", // home editions since Windows 8
	"Cloud", "CloudE", "CloudEdition", "CloudEditionL", // Windows 10 S, Windows 11 SE
	"IoTUAP", "IoTUAPCommercial", "IoTCore", "IoTOS", "Holographic", // IoT Core, HoloLens
	"ServerHomeStandard", "ServerHomePremium", // Windows Home Server
}, "|") + `)(ARM|N|K|KN|E|EN|SingleLanguage|CountrySpecific|Eval)*$`)

// domainless reports whether an edition cannot join a domain.
func domainless(edition string) bool { return homeless.MatchString(edition) }

// nano reports whether an installation is a Nano Server: it is joined by djoin that runs on it, or while its image is made
// (documented: "Deploy Nano Server").
func nano(f Facts) bool {
	const kind = "nano"
	id := strings.ToLower(f.EditionID)
	return strings.HasPrefix(strings.ToLower(f.InstallationType), kind) || strings.HasPrefix(id, "server") && strings.HasSuffix(id, kind)
}
