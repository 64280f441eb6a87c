package options

import (
	"errors"
	"fmt"
	"os"

	"github.com/offlinejoin/offlinejoin/internal/agefile"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/privatefile"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// IdentityVariable is the environment variable that names the identity file when no option does.
const IdentityVariable = "OFFLINEJOIN_IDENTITY_FILE"

// errNoIdentity is the cause of the refusal to open an encrypted blob without an identity.
var errNoIdentity = errors.New("no identity file is given")

// IsMissing reports whether an error of [ReadBlobFile] only says that what it needs is not there (yet): the blob's file, or
// an identity to open it. Where configurations are only validated or planned, secrets are often away.
func IsMissing(err error) bool {
	code, _ := winerr.CodeOf(err)
	return code == winerr.FileNotFound || errors.Is(err, errNoIdentity)
}

// decrypt opens an encrypted blob that messages call name.
func decrypt(content []byte, name, identityFile string) (blob []byte, warning string, err error) {
	if identityFile == "" {
		identityFile = os.Getenv(IdentityVariable)
	}
	if identityFile == "" {
		if err := agefile.Probe(content, name); err != nil { // an identity would be of no help
			return nil, "", err
		}
		return nil, "", &winerr.Error{Code: winerr.InvalidParameter, Err: errNoIdentity, Message: fmt.Sprintf(
			"%s is encrypted with age: set %s or the environment variable %s to the file with the key that opens it",
			name, IdentityFile, IdentityVariable)}
	}
	keys, warning, err := readIdentities(identityFile)
	if err != nil {
		return nil, "", err
	}
	blob, err = agefile.Open(content, name, keys, MaxBlobFile)
	if err != nil {
		return nil, "", err
	}
	if len(blob) == 0 {
		return nil, "", winerr.Errorf(winerr.InvalidParameter, "%s holds nothing: encrypt the blob again", name)
	}
	return blob, warning, nil
}

func readIdentities(path string) (keys *agefile.Identities, warning string, err error) {
	f, _, err := openRegular(path, IdentityFile)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	name := plaintext.Line(path, 0)
	content, err := readBounded(f, agefile.MaxIdentityFile, agefile.MaxIdentityFile)
	defer clear(content)
	if err != nil {
		return nil, "", cannotRead(path, "identity", err)
	}
	if len(content) > agefile.MaxIdentityFile {
		return nil, "", winerr.Errorf(winerr.InvalidParameter, "%s is larger than 256 KiB, so it is no identity file: "+
			"give the one that age-keygen wrote", name)
	}
	keys, err = agefile.ParseIdentities(content, name)
	if err != nil {
		return nil, "", err
	}
	return keys, readersWarning(f, name, "its key opens the blob, which is a machine password"), nil
}

// ReadRecipientsFile reads a file with public keys (agefile.Recipients.AddFile).
func ReadRecipientsFile(path string) ([]byte, error) {
	f, _, err := openRegular(path, recipientsFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := readBounded(f, agefile.MaxRecipientsFile, agefile.MaxRecipientsFile)
	if err != nil {
		return nil, cannotRead(path, "recipients", err)
	}
	if len(content) > agefile.MaxRecipientsFile {
		return nil, winerr.Errorf(winerr.InvalidParameter, "%s is larger than 1 MiB, so it is no recipients file: give one "+
			"with a public key on each line", plaintext.Line(path, 0))
	}
	return content, nil
}

// ReadAnswerFile reads an answer file of this machine that a join is to be merged into. It may hold secrets.
func ReadAnswerFile(path string) ([]byte, error) {
	f, _, err := openRegular(path, TemplateFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := readBounded(f, offlinejoin.MaxAnswerFile, offlinejoin.MaxAnswerFile)
	if err != nil {
		return nil, cannotRead(path, "template", err)
	}
	return content, nil
}

// readersWarning warns of a secret file that others can read; why says what it is worth. Who can read it is not always to
// be found out, and then there is no warning.
func readersWarning(f *os.File, path, why string) string {
	who, err := privatefile.Readers(f)
	if err != nil || who == "" {
		return ""
	}
	return fmt.Sprintf("%s can be read by others (%s): %s; %s", path, who, why, privatefile.Cure)
}
