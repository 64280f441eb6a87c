package options

// Of returns the options of a block, account or active_directory, in the order of the documentation.
func Of(block Name) []Name {
	switch block {
	case Account:
		return []Name{
			AccountMachineName, AccountOU, AccountReuse, AccountTrustedOwners, AccountReplaceLive, AccountObjectGUID, AccountDescription,
			AccountPersistentSite, AccountNetBIOSName, AccountPrimaryDNSDomain, AccountRootCACerts, AccountOnError,
		}
	case ActiveDirectory:
		return []Name{
			ADDomain, ADController, ADSite, ADUser, ADPassword, ADPasswordFile, ADKeytab, ADCCache, ADCurrentUser, ADSecurity,
			ADSimpleBind, ADCAFile, ADTimeout,
		}
	}
	return nil
}
