// Package odj reads and writes the offline domain join blob: what djoin /provision, NetProvisionComputerAccount and
// Samba make for a computer account, and what Windows turns into a finished join without a network.
//
// A blob is an onion (Microsoft's odj.idl; nested streams are type serialization streams of package ndr):
//
//	text           UTF-16LE file of djoin, base64, or the bytes themselves        encoding.go
//	└ ODJ_PROVISION_DATA, version 1                                               provision.go
//	   ├ format 1: ODJ_WIN7BLOB                                                   win7.go
//	   └ format 2: OP_PACKAGE ─ parts                                             provision.go
//	      ├ JOIN_PROVIDER: the same ODJ_WIN7BLOB again
//	      ├ JOIN_PROVIDER2, JOIN_PROVIDER3: names and account SID                 joinprovider.go
//	      ├ CERT_PROVIDER: PKCS #12 files and certificate stores                  cert.go, pfx.go, store.go
//	      ├ POLICY_PROVIDER: registry policy                                      policy.go
//	      └ parts of later Windows versions, kept as they are
//
// [Parse] takes any of the text forms apart, checks everything and says in one sentence what is wrong; [Compose] makes
// a blob from plain values as Windows and Samba lay it out. Structures are described once, for reading and writing.
//
// A blob holds the machine account's password in clear text: whoever has the blob is the machine. So a [Blob] shows it
// nowhere, whatever way it is printed, logged or marshalled; the four methods whose comments begin with SECRET are the
// only way to it, and [Blob.Wipe] ends its life. [Blob.Facts] is everything else, and docs/blob-facts.md describes it.
// Nothing there depends on the password but the fingerprint: what holds the password has no size there. Messages about
// damaged blobs do show offsets and sizes, which tell how long a file is, but not what is in it.
//
// # Evidence
//
// The layout is Microsoft's published IDL read literally (documented) and compared with blobs of Samba 4.17 and 4.22
// and one of Windows Server 2019 (observed): our writer reproduces their bytes except the pointers' arbitrary numbers.
// That Windows takes a blob composed here is inferred from that. JOIN_PROVIDER4, a structure that Microsoft documents
// without its part's GUID, is an unknown part, which is passed on unless it is marked essential; one that names the
// account of JOIN_PROVIDER3 is taken for it (inferred). testdata/vectors holds blobs for other implementations, with
// verdicts.
package odj
