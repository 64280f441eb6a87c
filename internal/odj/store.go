package odj

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A serialized certificate store ([MS-OSHARED], VBASigSerializedCertStore; the form of CertSaveStore with
// CERT_STORE_SAVE_AS_STORE, which Wine writes in the same way): a header, entries, and an entry that is all
// zero. An entry is an identifier, an encoding type, a length and so many bytes. The properties of a certificate stand
// in front of it.
const (
	storeVersion   = 0
	storeMagic     = 0x54524543 // "CERT"
	storeHeader    = 8
	entryHeader    = 12
	encodingX509   = 1 // X509_ASN_ENCODING
	entryEnd       = 0
	entryCert      = 32 // CERT_CERT_PROP_ID
	entryCRL       = 33 // CERT_CRL_PROP_ID
	entryTrustList = 34 // CERT_CTL_PROP_ID
)

var errNoStore = errors.New("it is no serialized certificate store")

// eachEntry calls f for the entries of a store that are no properties. The data shares the store's memory.
func eachEntry(store []byte, f func(id uint32, data []byte)) error {
	le := binary.LittleEndian
	if len(store) < storeHeader || le.Uint32(store) != storeVersion || le.Uint32(store[4:]) != storeMagic {
		return errNoStore
	}
	for rest := store[storeHeader:]; len(rest) >= entryHeader; {
		id, size := le.Uint32(rest), le.Uint32(rest[8:])
		rest = rest[entryHeader:]
		if id == entryEnd {
			return nil
		}
		if uint64(size) > uint64(len(rest)) {
			break
		}
		if id >= entryCert && id <= entryTrustList {
			f(id, rest[:size])
		}
		rest = rest[size:]
	}
	return errors.New("the serialized certificate store is cut off")
}

// RootStore is the name of the machine's store of certification authorities that it trusts (Trusted Root Certification
// Authorities), for [Store.Name].
const RootStore = "Root"

// SerializeStore returns a serialized store of X.509 certificates in DER form, without properties, in the order given, for
// [Store.File]. It is nil for no certificates. Errors name a certificate that is empty, and a store that would be larger
// than its lengths can say. The certificates are not looked into.
func SerializeStore(certs [][]byte) ([]byte, error) {
	if len(certs) == 0 {
		return nil, nil
	}
	le := binary.LittleEndian
	store := le.AppendUint32(le.AppendUint32(nil, storeVersion), storeMagic)
	for i, cert := range certs {
		switch {
		case len(cert) == 0:
			return nil, fmt.Errorf("certificate %d of the store is empty", i)
		case len(cert) > mostStoreBytes-len(store):
			return nil, fmt.Errorf("the store would have more than %d bytes with certificate %d", mostStoreBytes, i)
		}
		store = le.AppendUint32(store, entryCert)
		store = le.AppendUint32(store, encodingX509)
		store = le.AppendUint32(store, uint32(len(cert)))
		store = append(store, cert...)
	}
	return append(store, make([]byte, entryHeader)...), nil
}

// mostStoreBytes bounds a store that is written. A whole blob is a registry value of at most 1 MiB.
const mostStoreBytes = 1 << 20
