package activedirectory

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// This file is the only one that imports gokrb5, of which it uses the messages, the cryptography and the readers of
// keytabs and caches. Its client is not used: that opens its own connections, without a context and with as much memory
// as a controller asks for. The library may panic on bytes that it did not expect; guard turns that into an error.

const (
	maxClockSkew      = 5 * time.Minute // what Active Directory allows
	maxIterations     = 1 << 17         // of PBKDF2, that a controller may ask for; the default is 4,096
	maxCredentialFile = 1 << 20         // bytes of a keytab or credential cache
	ticketLifetime    = 10 * time.Hour  // what is asked for; the domain's policy shortens it
)

// ticketCache is a kerberos: a ticket-granting ticket, or what a credential cache holds, and the way to the controller.
type ticketCache struct {
	kdc     kdc
	realm   string
	client  types.PrincipalName
	tgt     ticket
	service *ticket // from a credential cache
}

type ticket struct {
	messages.Ticket
	key types.EncryptionKey
}

// erase overwrites the session keys.
func (c *ticketCache) erase() {
	clear(c.tgt.key.KeyValue)
	if c.service != nil {
		clear(c.service.key.KeyValue)
	}
}

// kdcConfig is all the configuration that gokrb5's messages ask for. The encryption types are those of [RFC 3962]: RC4
// cannot protect a connection by [RFC 4121].
func kdcConfig() *config.Config {
	aes := []int32{etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA1_96}
	return &config.Config{LibDefaults: config.LibDefaults{
		Clockskew:            maxClockSkew,
		DefaultTGSEnctypeIDs: aes,
		DefaultTktEnctypeIDs: aes,
		KDCDefaultOptions:    types.NewKrbFlags(),
		NoAddresses:          true,
		TicketLifetime:       ticketLifetime,
	}}
}

// guard turns a panic of the library into an error.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("malformed Kerberos data: %v", r)
	}
}

// logOn gets a ticket-granting ticket for the credential from the controller, or reads a credential cache.
func logOn(ctx context.Context, k kdc, c Credential) (_ *ticketCache, err error) {
	defer guard(&err)
	realm := strings.ToUpper(k.domain)
	user, domain, given := strings.Cut(c.User, "@")
	if given && !strings.EqualFold(domain, k.domain) {
		return nil, winerr.Errorf(winerr.NotSupported,
			"the user %s is not of the domain %s: Kerberos with a user of another domain is not supported; give a user of "+
				"this domain, or a simple bind inside TLS", shown(c.User), shown(k.domain))
	}
	if c.CCache != "" {
		return readCache(k, realm, user, c.CCache)
	}
	keys, err := longTermKeys(user, realm, c)
	if err != nil {
		return nil, err
	}
	defer keys.erase()
	cache := &ticketCache{kdc: k, realm: realm, client: types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, user)}
	cache.tgt, err = cache.authenticate(ctx, keys)
	if err != nil {
		return nil, keys.explain(err)
	}
	return cache, nil
}

// longTerm makes the user's own key of one encryption type, from a password or a keytab.
type longTerm struct {
	key     func(etype int32, hints types.PADataSequence) (types.EncryptionKey, int, error)
	etypes  []int32              // that there are keys of, the best first; nil: of all
	refused func(krbError) error // says what is wrong with the keys; nil: the error says it
	made    []types.EncryptionKey
}

// explain returns an error of the controller with what it says of the keys.
func (l *longTerm) explain(err error) error {
	if e, is := errors.AsType[krbError](err); is && l.refused != nil {
		return l.refused(e)
	}
	return err
}

func (l *longTerm) erase() {
	for _, k := range l.made {
		clear(k.KeyValue)
	}
}

func longTermKeys(user, realm string, c Credential) (*longTerm, error) {
	l := new(longTerm)
	if c.Keytab == "" {
		l.key = func(etype int32, hints types.PADataSequence) (types.EncryptionKey, int, error) {
			key, err := passwordKey(c.Password.reveal(), realm+user, etype, hints)
			l.made = append(l.made, key)
			return key, 0, err
		}
		return l, nil
	}
	return keytabKeys(user, realm, c.Keytab)
}

// keytabKeys takes the newest keys of a user from a keytab (1326 when there is none that we can use).
func keytabKeys(user, realm, path string) (*longTerm, error) {
	table := keytab.New()
	if err := readCredentialFile(path, "keytab", table.Unmarshal); err != nil {
		return nil, err
	}
	l, best := new(longTerm), map[int32]int{}
	var others []string // whose keys, and of which types, are there as well
	for i, e := range table.Entries {
		l.made = append(l.made, e.Key)
		// Kerberos compares names exactly; people do not.
		name := strings.Join(e.Principal.Components, "/")
		if !strings.EqualFold(name, user) || !strings.EqualFold(e.Principal.Realm, realm) || len(e.Key.KeyValue) == 0 {
			others = append(others, shown(name+"@"+e.Principal.Realm))
			continue
		}
		at, found := best[e.Key.KeyType]
		if !found || newerKey(e.KVNO, table.Entries[at].KVNO, e.Timestamp.Compare(table.Entries[at].Timestamp)) {
			best[e.Key.KeyType] = i
		}
	}
	for _, etype := range kdcConfig().LibDefaults.DefaultTktEnctypeIDs {
		if _, found := best[etype]; found {
			l.etypes = append(l.etypes, etype)
		}
	}
	who, file := shown(user)+"@"+shown(realm), plaintext.Line(path, 0)
	if len(l.etypes) == 0 {
		l.erase()
		return nil, noUsableKey(file, who, slices.Sorted(maps.Keys(best)), others)
	}
	l.key = func(etype int32, _ types.PADataSequence) (types.EncryptionKey, int, error) {
		at, found := best[etype]
		if !found {
			return types.EncryptionKey{}, 0, krbError{code: errorcode.KDC_ERR_ETYPE_NOSUPP}
		}
		return table.Entries[at].Key, int(table.Entries[at].KVNO), nil
	}
	l.refused = func(e krbError) error {
		version := table.Entries[best[l.etypes[0]]].KVNO
		switch e.code {
		case krbPreauthFailed, krbBadIntegrity:
			return winerr.Errorf(winerr.LogonFailure, "the keytab %s does not have the key of %s that the domain has: the password was "+
				"set since the keytab was made (its newest key has the version %d), or it was made with another one; %s; it was tried once "+
				"only, so that the account is not locked (%w)", file, who, version, keytabAgain, e)
		case krbNoEtype:
			return winerr.Errorf(winerr.NotSupported, "the domain refuses the types of the keys that the keytab %s has of %s (%s): %s, with "+
				"AES keys of both lengths, and allow AES for the account (%w)", file, who, etypeNames(l.etypes), keytabAgain, e)
		}
		return e
	}
	return l, nil
}

// keytabAgain is the way out where a keytab is of no use.
const keytabAgain = "make it again with ktpass (Windows), ktutil, or samba-tool domain exportkeytab (Samba)"

// noUsableKey says what a keytab has in place of an AES key of a user.
func noUsableKey(file, who string, etypes []int32, others []string) error {
	has := "it has none at all"
	switch others = slices.Compact(slices.Sorted(slices.Values(others))); {
	case len(etypes) > 0:
		return winerr.Errorf(winerr.LogonFailure, "the keytab %s has no AES key of %s, but %s alone: allow AES for the account, set its "+
			"password anew, and %s", file, who, etypeNames(etypes), keytabAgain)
	case len(others) > mostOthers:
		has = "it has keys of " + strings.Join(others[:mostOthers], ", ") + " and others"
	case len(others) > 0:
		has = "it has keys of " + strings.Join(others, ", ")
	}
	return winerr.Errorf(winerr.LogonFailure, "the keytab %s has no AES key of %s (%s): correct user, or %s", file, who, has, keytabAgain)
}

// mostOthers bounds how many names of a keytab a sentence has.
const mostOthers = 3

// etypeNames returns the names of encryption types, as people call them.
func etypeNames(etypes []int32) string {
	names := make([]string, len(etypes))
	for i, etype := range etypes {
		switch etype {
		case etypeID.AES256_CTS_HMAC_SHA1_96:
			names[i] = "AES-256"
		case etypeID.AES128_CTS_HMAC_SHA1_96:
			names[i] = "AES-128"
		case etypeID.RC4_HMAC, etypeID.RC4_HMAC_EXP:
			names[i] = "RC4"
		case etypeID.DES_CBC_CRC, etypeID.DES_CBC_MD4, etypeID.DES_CBC_MD5:
			names[i] = "DES"
		default:
			names[i] = fmt.Sprintf("encryption type %d", etype)
		}
	}
	return strings.Join(slices.Compact(names), " and ")
}

// newerKey reports whether a key of version a is newer than one of version b, as MIT's programs decide it: by the version, which
// many programs store in one byte, so that a low one that was not written before a high one comes after it. written compares
// when they were written.
func newerKey(a, b uint32, written int) bool {
	const low, high = 128, 240
	switch {
	case a < low && b > high && written >= 0:
		return true
	case a > high && b < low && written <= 0:
		return false
	}
	return a > b
}

// readCredentialFile reads a whole file of bounded size and hands it to unmarshal.
func readCredentialFile(path, what string, unmarshal func([]byte) error) (err error) {
	path = strings.TrimPrefix(path, "FILE:")
	for _, kind := range []string{"KEYRING", "KCM", "DIR", "API", "MEMORY", "MSLSA"} {
		if strings.HasPrefix(path, kind+":") {
			return winerr.Errorf(winerr.NotSupported, "the %s is of the kind %s, and only files are supported: make one with "+
				"kinit -c FILE:path", what, kind)
		}
	}
	refuse := func(code winerr.Code, err error) error {
		return winerr.Errorf(code, "cannot read the %s: %w", what, err)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return refuse(winerr.FileNotFound, err)
	case err != nil:
		return refuse(winerr.AccessDenied, err)
	case !info.Mode().IsRegular() || info.Size() > maxCredentialFile:
		return refuse(winerr.InvalidParameter, fmt.Errorf("%s is not a file of at most 1 MiB", path))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return refuse(winerr.AccessDenied, err)
	}
	defer clear(data)
	parse := func() (err error) {
		defer guard(&err)
		return unmarshal(data)
	}
	if parse() != nil { // the library's own errors may quote the file
		return refuse(winerr.InvalidParameter, fmt.Errorf("%s has not the format of a %s", path, what))
	}
	return nil
}

// readCache takes the tickets of a credential cache ([MIT ccache file format]).
func readCache(k kdc, realm, user, path string) (*ticketCache, error) {
	file := new(credentials.CCache)
	if err := readCredentialFile(path, "credential cache", file.Unmarshal); err != nil {
		return nil, err
	}
	c := &ticketCache{kdc: k, realm: realm, client: file.GetClientPrincipalName()}
	owner := c.client.PrincipalNameString()
	if user != "" && !strings.EqualFold(user, owner) {
		return nil, winerr.Errorf(winerr.InvalidParameter, "the credential cache is of %s, not of %s",
			shown(owner), shown(user))
	}
	if !strings.EqualFold(file.GetClientRealm(), realm) {
		return nil, winerr.Errorf(winerr.NotSupported,
			"the credential cache is of the realm %s, not of %s: Kerberos with a user of another domain is not supported",
			shown(file.GetClientRealm()), shown(realm))
	}
	found, now := false, time.Now()
	for _, e := range file.GetEntries() {
		name := strings.ToLower(e.Server.PrincipalName.PrincipalNameString())
		granting := name == strings.ToLower("krbtgt/"+realm)
		if !granting && name != strings.ToLower(k.service) || !e.EndTime.After(now) {
			continue
		}
		t := ticket{key: e.Key}
		if err := t.Unmarshal(e.Ticket); err != nil {
			continue
		}
		if granting {
			c.tgt, found = t, true
		} else {
			c.service = &t
		}
	}
	if !found && c.service == nil {
		return nil, winerr.Errorf(winerr.LogonFailure,
			"the credential cache %s has no ticket of %s that is still valid: log on anew (kinit)", path, shown(realm))
	}
	return c, nil
}

// passwordKey derives a key by the controller's hints ([RFC 4120] 5.2.7.5), or by the usual salt when there are none.
func passwordKey(password, salt string, etype int32, hints types.PADataSequence) (types.EncryptionKey, error) {
	et, err := crypto.GetEtype(etype)
	if err != nil {
		return types.EncryptionKey{}, err
	}
	parameters := et.GetDefaultStringToKeyParams()
	for _, h := range hints {
		if h.PADataType != patype.PA_ETYPE_INFO2 {
			continue
		}
		infos, err := h.GetETypeInfo2()
		if err != nil {
			return types.EncryptionKey{}, err
		}
		for _, i := range infos {
			if i.EType != etype {
				continue
			}
			salt = i.Salt
			if len(i.S2KParams) == 4 {
				if n := binary.BigEndian.Uint32(i.S2KParams); n == 0 || n > maxIterations {
					return types.EncryptionKey{}, fmt.Errorf("the controller asks for %d iterations to derive a key", n)
				}
				parameters = hex.EncodeToString(i.S2KParams)
			}
			break
		}
	}
	value, err := et.StringToKey(password, salt, parameters)
	return types.EncryptionKey{KeyType: etype, KeyValue: value}, err
}

// preferredEtype returns the first encryption type of the controller's hints that is one of ours.
func preferredEtype(hints types.PADataSequence, ours []int32) (int32, error) {
	for _, h := range hints {
		if h.PADataType != patype.PA_ETYPE_INFO2 {
			continue
		}
		infos, err := h.GetETypeInfo2()
		if err != nil {
			return 0, err
		}
		for _, i := range infos {
			if slices.Contains(ours, i.EType) {
				return i.EType, nil
			}
		}
	}
	return 0, krbError{code: errorcode.KDC_ERR_ETYPE_NOSUPP}
}

// authenticate is the AS exchange ([RFC 4120] 3.1), with an encrypted time stamp as pre-authentication.
func (c *ticketCache) authenticate(ctx context.Context, keys *longTerm) (ticket, error) {
	request, err := messages.NewASReqForTGT(c.realm, kdcConfig(), c.client)
	if err != nil {
		return ticket{}, err
	}
	if keys.etypes != nil { // the controller chooses among them
		request.ReqBody.EType = keys.etypes
	}
	answer, err := c.ask(ctx, request.Marshal)
	var hints types.PADataSequence
	var refused krbError
	if errors.As(err, &refused) && refused.code == errorcode.KDC_ERR_PREAUTH_REQUIRED {
		if err := hints.Unmarshal(refused.data); err != nil {
			return ticket{}, fmt.Errorf("malformed Kerberos data: %w", err)
		}
		if request.PAData, err = timestamp(keys, hints); err != nil {
			return ticket{}, err
		}
		answer, err = c.ask(ctx, request.Marshal)
	}
	if err != nil {
		return ticket{}, err
	}
	var reply messages.ASRep
	if err := reply.Unmarshal(answer); err != nil {
		return ticket{}, errors.New("malformed Kerberos reply")
	}
	key, _, err := keys.key(reply.EncPart.EType, slices.Concat(hints, reply.PAData))
	if err != nil {
		return ticket{}, err
	}
	part, err := replyPart(reply.KDCRepFields, key, keyusage.AS_REP_ENCPART, request.ReqBody)
	if err != nil {
		return ticket{}, err
	}
	if skew := time.Since(part.AuthTime); skew.Abs() > maxClockSkew {
		return ticket{}, skewError(-skew)
	}
	c.client = reply.CName // as the controller writes it
	return ticket{Ticket: reply.Ticket, key: part.Key}, nil
}

// timestamp is PA-ENC-TIMESTAMP ([RFC 4120] 5.2.7.2).
func timestamp(keys *longTerm, hints types.PADataSequence) (types.PADataSequence, error) {
	ours := keys.etypes
	if ours == nil {
		ours = kdcConfig().LibDefaults.DefaultTktEnctypeIDs
	}
	etype, err := preferredEtype(hints, ours)
	if err != nil {
		return nil, err
	}
	key, version, err := keys.key(etype, hints)
	if err != nil {
		return nil, err
	}
	now, err := types.GetPAEncTSEncAsnMarshalled()
	if err != nil {
		return nil, err
	}
	sealed, err := crypto.GetEncryptedData(now, key, keyusage.AS_REQ_PA_ENC_TIMESTAMP, version)
	if err != nil {
		return nil, err
	}
	value, err := sealed.Marshal()
	return types.PADataSequence{{PADataType: patype.PA_ENC_TIMESTAMP, PADataValue: value}}, err
}

// replyPart decrypts and verifies the part of a reply that the controller cannot have made without the key.
func replyPart(r messages.KDCRepFields, key types.EncryptionKey, usage uint32, asked messages.KDCReqBody) (messages.EncKDCRepPart, error) {
	var part messages.EncKDCRepPart
	plain, err := keyOf(key).decrypt(r.EncPart.Cipher, usage)
	if err != nil {
		return part, krbError{code: errorcode.KDC_ERR_PREAUTH_FAILED, text: "the reply is not encrypted with the user's key"}
	}
	if err := part.Unmarshal(plain); err != nil {
		return part, errors.New("malformed Kerberos reply")
	}
	switch {
	case part.Nonce != asked.Nonce:
		return part, errors.New("the Kerberos reply is not to this request")
	case !strings.EqualFold(r.CName.PrincipalNameString(), asked.CName.PrincipalNameString()):
		return part, errors.New("the Kerberos reply is for another user")
	case !strings.EqualFold(part.SName.PrincipalNameString(), asked.SName.PrincipalNameString()),
		!strings.EqualFold(part.SRealm, asked.Realm):
		return part, fmt.Errorf("the Kerberos ticket is for %s@%s, not for %s", shown(part.SName.PrincipalNameString()),
			shown(part.SRealm), shown(asked.SName.PrincipalNameString()))
	}
	return part, nil
}

// serviceTicket is the TGS exchange ([RFC 4120] 3.3).
func (c *ticketCache) serviceTicket(ctx context.Context) (ticket, error) {
	if c.service != nil {
		return *c.service, nil
	}
	name := types.NewPrincipalName(nametype.KRB_NT_SRV_INST, c.kdc.service)
	request, err := messages.NewTGSReq(c.client, c.realm, kdcConfig(), c.tgt.Ticket, c.tgt.key, name, false)
	if err != nil {
		return ticket{}, err
	}
	answer, err := c.ask(ctx, request.Marshal)
	if err != nil {
		return ticket{}, err
	}
	var reply messages.TGSRep
	if err := reply.Unmarshal(answer); err != nil {
		return ticket{}, errors.New("malformed Kerberos reply")
	}
	part, err := replyPart(reply.KDCRepFields, c.tgt.key, keyusage.TGS_REP_ENCPART_SESSION_KEY, request.ReqBody)
	if err != nil {
		return ticket{}, err
	}
	c.service = &ticket{Ticket: reply.Ticket, key: part.Key}
	return *c.service, nil
}

// ask sends one message to the controller and returns its answer, or the krbError that it answered with.
func (c *ticketCache) ask(ctx context.Context, marshal func() ([]byte, error)) ([]byte, error) {
	message, err := marshal()
	if err != nil {
		return nil, err
	}
	answer, err := c.kdc.exchange(ctx, message)
	if err != nil {
		return nil, err
	}
	var refused messages.KRBError
	if refused.Unmarshal(answer) == nil {
		return nil, krbErrorOf(refused)
	}
	return answer, nil
}

func krbErrorOf(e messages.KRBError) krbError {
	return krbError{code: e.ErrorCode, text: shown(e.EText), data: e.EData, ahead: time.Until(e.STime)}
}

// apRequest makes the AP-REQ for the controller's LDAP service, with mutual authentication and a subkey of ours.
func (c *ticketCache) apRequest(ctx context.Context, checksum []byte) (_ *apExchange, err error) {
	defer guard(&err)
	t, err := c.serviceTicket(ctx)
	if err != nil {
		return nil, err
	}
	et, err := crypto.GetEtype(t.key.KeyType)
	if err != nil || !slices.Contains(kdcConfig().LibDefaults.DefaultTGSEnctypeIDs, t.key.KeyType) {
		return nil, krbError{code: errorcode.KDC_ERR_ETYPE_NOSUPP}
	}
	a, err := types.NewAuthenticator(c.realm, c.client)
	if err != nil {
		return nil, err
	}
	if err := a.GenerateSeqNumberAndSubKey(t.key.KeyType, et.GetKeyByteSize()); err != nil {
		return nil, err
	}
	a.Cksum = types.Checksum{CksumType: chksumtype.GSSAPI, Checksum: checksum}
	request, err := messages.NewAPReq(t.Ticket, t.key, a)
	if err != nil {
		return nil, err
	}
	types.SetFlag(&request.APOptions, flags.APOptionMutualRequired)
	message, err := request.Marshal()
	if err != nil {
		return nil, err
	}
	return &apExchange{
		request: message, sequence: uint64(a.SeqNumber), key: keyOf(a.SubKey),
		reply: func(b []byte) (*apReply, error) { return readAPReply(b, t.key, a) },
	}, nil
}

// readAPReply opens an AP-REP and verifies that it answers the authenticator ([RFC 4120] 3.2.5).
func readAPReply(b []byte, session types.EncryptionKey, a types.Authenticator) (_ *apReply, err error) {
	defer guard(&err)
	var reply messages.APRep
	if err := reply.Unmarshal(b); err != nil {
		return nil, errors.New("malformed AP-REP")
	}
	plain, err := keyOf(session).decrypt(reply.EncPart.Cipher, keyusage.AP_REP_ENCPART)
	if err != nil {
		return nil, errors.New("the AP-REP is not encrypted with the session key")
	}
	var part messages.EncAPRepPart
	if err := part.Unmarshal(plain); err != nil {
		return nil, errors.New("malformed AP-REP")
	}
	if part.CTime.Unix() != a.CTime.Unix() || part.Cusec != a.Cusec {
		return nil, errors.New("the AP-REP does not answer our AP-REQ")
	}
	r := &apReply{sequence: uint64(uint32(part.SequenceNumber))}
	if len(part.Subkey.KeyValue) > 0 {
		if !slices.Contains(kdcConfig().LibDefaults.DefaultTGSEnctypeIDs, part.Subkey.KeyType) {
			return nil, krbError{code: errorcode.KDC_ERR_ETYPE_NOSUPP}
		}
		r.key = keyOf(part.Subkey)
	}
	return r, nil
}

// readKRBError parses the body of a KRB-ERROR token.
func readKRBError(b []byte) (err error) {
	defer guard(&err)
	var e messages.KRBError
	if err := e.Unmarshal(b); err != nil {
		return errors.New("malformed KRB-ERROR")
	}
	return krbErrorOf(e)
}

// protocolKey is a kerberosKey over gokrb5's cryptography.
type protocolKey types.EncryptionKey

func keyOf(k types.EncryptionKey) kerberosKey { return protocolKey(k) }

func (k protocolKey) encrypt(plain []byte, usage uint32) (sealed []byte, err error) {
	defer guard(&err)
	et, err := crypto.GetEtype(k.KeyType)
	if err != nil {
		return nil, err
	}
	_, sealed, err = et.EncryptMessage(k.KeyValue, plain, usage)
	return sealed, err
}

func (k protocolKey) decrypt(sealed []byte, usage uint32) (plain []byte, err error) {
	defer guard(&err)
	et, err := crypto.GetEtype(k.KeyType)
	if err != nil {
		return nil, err
	}
	if len(k.KeyValue) != et.GetKeyByteSize() || len(sealed) < et.GetConfounderByteSize()+et.GetHMACBitLength()/8 {
		return nil, errors.New("too short to be encrypted data")
	}
	return et.DecryptMessage(k.KeyValue, sealed, usage)
}

func (k protocolKey) checksum(data []byte, usage uint32) (sum []byte, err error) {
	defer guard(&err)
	et, err := crypto.GetEtype(k.KeyType)
	if err != nil {
		return nil, err
	}
	return et.GetChecksumHash(k.KeyValue, data, usage)
}

func (k protocolKey) erase() { clear(k.KeyValue) }

// Keys print as a Secret does.

func (protocolKey) Format(f fmt.State, _ rune)  { _, _ = f.Write([]byte(secretText)) }
func (*ticketCache) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(secretText)) }
func (*longTerm) Format(f fmt.State, _ rune)    { _, _ = f.Write([]byte(secretText)) }
func (ticket) Format(f fmt.State, _ rune)       { _, _ = f.Write([]byte(secretText)) }
