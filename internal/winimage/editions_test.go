package winimage

import "testing"

// Microsoft's documents name the editions that can join a domain: those of businesses, schools and servers.
func TestEditionsWithoutDomains(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{
		"Starter", "StarterN", "StarterE", "StarterK", "StarterKN",
		"HomeBasic", "HomeBasicN", "HomeBasicE", "HomePremium", "HomePremiumN", "HomePremiumE", "HOMEPREMIUM",
		"Core", "core", "CoreN", "CoreKN", "CoreK", "CoreARM", "CoreSingleLanguage", "CoreCountrySpecific", "CoreCountrySpecificN",
		"CoreConnected", "CoreConnectedN", "CoreConnectedSingleLanguage", "CoreConnectedCountrySpecific",
		"Cloud", "CloudN", "CloudE", "CloudEN", "CloudEdition", "CloudEditionN", "CloudEditionL", "CloudEditionLN",
		"IoTUAP", "IoTUAPCommercial", "ServerHomeStandard", "ServerHomePremium",
	} {
		if !domainless(edition) {
			t.Errorf("%s counts as an edition that joins domains", edition)
		}
	}
	for _, edition := range []string{
		"", "Professional", "ProfessionalN", "ProfessionalKN", "ProfessionalE", "ProfessionalEducation", "ProfessionalWorkstation",
		"ProfessionalSingleLanguage", "ProfessionalCountrySpecific", "Business", "BusinessN", "Ultimate", "UltimateE",
		"Enterprise", "EnterpriseS", "EnterpriseSN", "EnterpriseG", "EnterpriseEval", "Education", "EducationN",
		"IoTEnterprise", "IoTEnterpriseS", "Embedded", "ServerStandard", "ServerStandardCore", "ServerDatacenter",
		"ServerDatacenterACor", "ServerRdsh", "ServerSolution", "CloudHostInfrastructureServer", "CoreServer", "CloudStorageServer",
	} {
		if domainless(edition) {
			t.Errorf("%s counts as an edition without domains", edition)
		}
	}
}
