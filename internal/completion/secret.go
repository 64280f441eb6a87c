package completion

import "strings"

// IsSecret reports whether the data of a registry value, and what is computed from it, is to be shown to nobody: no text,
// no bytes, no digest. Such are [ValueProvisioningBlob] and [ValueBlobSHA256] of our [Key], whatever their type, and
// everything binary in it.
//
// key is the value's key by its path in whatever hive holds it; case does not matter. Every key named OfflineJoin
// counts, and those below it: a copy is as secret, and Windows leaves its own pending join, which holds the same
// password, in a key of that name (ControlSet001\Control\Lsa\OfflineJoin, observed).
func IsSecret(key, value string, binary bool) bool {
	if !binary && !strings.EqualFold(value, ValueProvisioningBlob) && !strings.EqualFold(value, ValueBlobSHA256) {
		return false
	}
	name := Key[strings.LastIndexByte(Key, '\\')+1:]
	for component := range strings.SplitSeq(key, `\`) {
		if strings.EqualFold(component, name) {
			return true
		}
	}
	return false
}
