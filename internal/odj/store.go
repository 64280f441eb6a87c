package odj

import (
	"encoding/binary"
	"errors"
)

// A serialized certificate store ([MS-OSHARED], VBASigSerializedCertStore; the form of CertSaveStore with
// CERT_STORE_SAVE_AS_STORE, which Wine writes in the same way (observed)): a header, entries, and an entry that is all
// zero. An entry is an identifier, an encoding type, a length and so many bytes. The properties of a certificate stand
// in front of it.
const (
	storeVersion   = 0
	storeMagic     = 0x54524543 // "CERT"
	storeHeader    = 8
	entryHeader    = 12
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
