package answerfile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// What a join has taken out of an answer file may be a password, and has to be given back. So it is kept under a key
// that is made of the account data: whoever can open it sees the secret of the file itself anyway, and when Windows
// Setup erases the account data, it erases this with it.

const (
	sealPurpose = "offlinejoin answer file, what was replaced, 1"
	saltSize    = 16
	keySize     = 32 // AES-256
)

// seal encrypts data under account data and a new salt.
func seal(accountData, data []byte) (salt, sealed []byte, err error) {
	salt = make([]byte, saltSize)
	rand.Read(salt)
	aead, err := sealer(accountData, salt)
	if err != nil {
		return nil, nil, err
	}
	// The key is used once, so the nonce may be zero.
	return salt, aead.Seal(nil, make([]byte, aead.NonceSize()), data, nil), nil
}

// unseal decrypts what seal returned, and refuses what was changed.
func unseal(accountData, salt, sealed []byte) ([]byte, error) {
	aead, err := sealer(accountData, salt)
	if err != nil {
		return nil, err
	}
	data, err := aead.Open(nil, make([]byte, aead.NonceSize()), sealed, nil)
	if err != nil {
		return nil, winerr.Errorf(winerr.BadOfflineJoinInfo, "the record of what was replaced in the answer file was changed")
	}
	return data, nil
}

func sealer(accountData, salt []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, accountData, salt, sealPurpose, keySize)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
