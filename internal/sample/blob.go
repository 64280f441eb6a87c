package sample

import "github.com/offlinejoin/offlinejoin/internal/odj"

// Blob makes a provisioning blob for WEB01 in corp.example.com, as its domain controller dc1 would have, with a new random
// machine password. Domain and addresses are fictional (RFC 2606, RFC 5737). The caller wipes the blob.
func Blob() (*odj.Blob, error) { return BlobFor("WEB01", 1107) }

// BlobFor is [Blob] for another machine, whose account has the given relative identifier in the domain.
func BlobFor(machine string, rid uint32) (*odj.Blob, error) {
	return compose(machine, rid, func(*odj.Join) {})
}

// BlobOfLetterCases is [Blob] of a forest whose names have other letter cases in each place, as people type them.
func BlobOfLetterCases() (*odj.Blob, error) {
	return compose("Web01", 1107, func(j *odj.Join) {
		j.Domain, j.DNSDomain, j.NetBIOSDomain, j.Forest = "Corp.Example.COM", "corp.EXAMPLE.com", "Corp", "CORP.example.Com"
		j.DC.Name = "DC1.Corp.example.com"
	})
}

// compose makes a blob with a random password, of the sample's join with other values.
func compose(machine string, rid uint32, change func(*odj.Join)) (*odj.Blob, error) {
	password, err := odj.RandomPassword(nil)
	if err != nil {
		return nil, err
	}
	defer clear(password)
	const site = "Default-First-Site-Name"
	join := odj.Join{
		MachineName:   machine,
		Password:      password,
		DNSDomain:     "corp.example.com",
		NetBIOSDomain: "CORP",
		DomainGUID:    "3f2a6c1e-94d7-4b58-8a0d-51c7e2b9f604",
		DomainSID:     "S-1-5-21-1004336348-1177238915-682003330",
		Rid:           rid,
		DC: odj.DomainController{
			Name:       "dc1.corp.example.com",
			Address:    "192.0.2.10",
			Flags:      flagsOfDC,
			Site:       site,
			ClientSite: site,
		},
	}
	change(&join)
	return odj.Compose(join)
}

// flagsOfDC is what a Samba domain controller says of itself in a blob: a writable one, with LDAP and Kerberos.
const flagsOfDC = 0xE00011BD
