package odj

// dcFlagNames returns the names of the bits in DOMAIN_CONTROLLER_INFO's Flags (dsgetdc.h). Bits without a name are left
// out.
func dcFlagNames(flags uint32) []string {
	var names []string
	for _, f := range []struct {
		bit  uint32
		name string
	}{
		{0x00000001, "DS_PDC_FLAG"},
		{0x00000004, "DS_GC_FLAG"},
		{0x00000008, "DS_LDAP_FLAG"},
		{0x00000010, "DS_DS_FLAG"},
		{0x00000020, "DS_KDC_FLAG"},
		{0x00000040, "DS_TIMESERV_FLAG"},
		{0x00000080, "DS_CLOSEST_FLAG"},
		{0x00000100, "DS_WRITABLE_FLAG"},
		{0x00000200, "DS_GOOD_TIMESERV_FLAG"},
		{0x00000400, "DS_NDNC_FLAG"},
		{0x00000800, "DS_SELECT_SECRET_DOMAIN_6_FLAG"},
		{0x00001000, "DS_FULL_SECRET_DOMAIN_6_FLAG"},
		{0x00002000, "DS_WS_FLAG"},
		{0x00004000, "DS_DS_8_FLAG"},
		{0x00008000, "DS_DS_9_FLAG"},
		{0x00010000, "DS_DS_10_FLAG"},
		{0x00020000, "DS_KEY_LIST_FLAG"},
		{0x20000000, "DS_DNS_CONTROLLER_FLAG"},
		{0x40000000, "DS_DNS_DOMAIN_FLAG"},
		{0x80000000, "DS_DNS_FOREST_FLAG"},
	} {
		if flags&f.bit != 0 {
			names = append(names, f.name)
		}
	}
	return names
}
