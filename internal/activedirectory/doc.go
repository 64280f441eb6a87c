// Package activedirectory reaches a domain: it finds a writable domain controller, logs on to it and speaks LDAP over a
// connection that nobody on the way can read or change. It hands out facts and changes accounts; it has never heard of
// provisioning blobs or images.
//
// [Locate] asks DNS for the controllers of a domain and each of them, by a netlogon ping, what it is. [Dial] connects to
// the one it chose with a [Credential] and returns a [Session]:
//
//	sealed     port 389, Kerberos, every message signed and encrypted by Kerberos itself. No certificate is needed.
//	ldaps      port 636, TLS, then Kerberos bound to the TLS channel, or a simple bind
//	starttls   port 389, TLS, then the same
//
// There is no way to send anything in the clear but the netlogon ping and the first messages of a handshake. A password
// is sent as it is (a simple bind) inside TLS only, and only when Kerberos cannot be had: see [Security].
//
// Kerberos talks to the same controller as LDAP, because a new account exists there first. Its configuration is made in
// memory, and no file is written: neither a configuration nor a credential cache.
//
// On a Session, [Session.Domain] reads what the domain is, [Session.Find] and [Session.FindGUID] look accounts up, and
// [Session.Create], [Session.Reset], [Session.Mark], [Session.Disable] and [Session.Delete] change them, each in one operation
// that either finds the account as it was seen or does nothing: the description has a [Marker], which is the lock.
// [Others] asks the other controllers for a name, and [MayReuse], [CheckMachine] and [CheckNotLive] are the rules for an
// account that exists.
//
// Every refusal is a winerr.Error whose sentence names the way out. Text that a server sends passes through plaintext
// before it enters an error.
package activedirectory
