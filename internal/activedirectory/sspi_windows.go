package activedirectory

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"runtime"
	"syscall"

	"github.com/alexbrainman/sspi"
	"golang.org/x/sys/windows"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Evidence: this file is compiled and vetted; it has never been run against a domain. What SSPI does here is documented
// (Microsoft's "Kerberos SSP/GSSAPI interoperability" and the functions' own pages), and was not tried.
//
// The library's package sspi/kerberos is not used: its init panics on a Windows without the Kerberos package.

// sspiContext is a securityContext with the credentials of the user who is logged on to Windows, by the Kerberos package.
type sspiContext struct {
	credentials *sspi.Credentials
	context     *sspi.Context
	target      *uint16
	bindings    []byte // SEC_CHANNEL_BINDINGS and its data, or empty
	maxToken    uint32
	sent        uint32
	received    uint32
	erased      bool
}

const (
	wrapNoEncrypt  = 0x80000001 // SECQOP_WRAP_NO_ENCRYPT
	bindingsHeader = 32         // bytes of SEC_CHANNEL_BINDINGS
)

// newSSPIContext prepares a context for the service. bindings are application data for the channel, or nil.
func newSSPIContext(service string, bindings []byte, seal bool) (securityContext, error) {
	info, err := sspi.QueryPackageInfo(sspi.MICROSOFT_KERBEROS_NAME)
	if err != nil {
		return nil, sspiError("this Windows has no Kerberos", err)
	}
	target, err := syscall.UTF16PtrFromString(service)
	if err != nil {
		return nil, err
	}
	credentials, err := sspi.AcquireCredentials("", sspi.MICROSOFT_KERBEROS_NAME, sspi.SECPKG_CRED_OUTBOUND, nil)
	if err != nil {
		return nil, sspiError("the current user has no Kerberos credentials", err)
	}
	wanted := uint32(sspi.ISC_REQ_MUTUAL_AUTH | sspi.ISC_REQ_INTEGRITY | sspi.ISC_REQ_SEQUENCE_DETECT | sspi.ISC_REQ_REPLAY_DETECT)
	if seal {
		wanted |= sspi.ISC_REQ_CONFIDENTIALITY
	}
	c := &sspiContext{
		credentials: credentials, context: sspi.NewClientContext(credentials, wanted), target: target,
		maxToken: info.MaxToken,
	}
	if bindings != nil {
		header := make([]byte, bindingsHeader, bindingsHeader+len(bindings))
		binary.LittleEndian.PutUint32(header[24:], uint32(len(bindings)))
		binary.LittleEndian.PutUint32(header[28:], bindingsHeader)
		c.bindings = append(header, bindings...)
	}
	return c, nil
}

func (c *sspiContext) initiate(context.Context) ([]byte, error) {
	token, done, err := c.update(nil)
	if err == nil && done {
		err = errors.New("Kerberos did not ask the controller to prove who it is")
	}
	return token, err
}

func (c *sspiContext) accept(token []byte) ([]byte, error) {
	if len(token) == 0 {
		return nil, errors.New("an empty token")
	}
	answer, done, err := c.update(token)
	switch {
	case err != nil:
		return nil, err
	case !done:
		return nil, errors.New("Kerberos wants more steps than LDAP has")
	}
	if err := c.context.VerifyFlags(); err != nil {
		return nil, err
	}
	return answer, nil
}

// update is one step of InitializeSecurityContext.
func (c *sspiContext) update(token []byte) (answer []byte, done bool, err error) {
	token = bytes.Clone(token)
	in := make([]sspi.SecBuffer, 1, 2)
	in[0].Set(sspi.SECBUFFER_TOKEN, token)
	if len(c.bindings) > 0 {
		in = in[:2]
		in[1].Set(sspi.SECBUFFER_CHANNEL_BINDINGS, c.bindings)
	}
	space := make([]byte, c.maxToken)
	out := make([]sspi.SecBuffer, 1)
	out[0].Set(sspi.SECBUFFER_TOKEN, space)
	status := c.context.Update(c.target, sspi.NewSecBufferDesc(out), sspi.NewSecBufferDesc(in))
	runtime.KeepAlive(token)
	runtime.KeepAlive(space)
	if status != sspi.SEC_E_OK && status != sspi.SEC_I_CONTINUE_NEEDED {
		return nil, false, sspiError("Windows' Kerberos refuses", status)
	}
	return bytes.Clone(space[:out[0].BufferSize]), status == sspi.SEC_E_OK, nil
}

func (c *sspiContext) wrap(message []byte, seal bool) ([]byte, error) {
	if c.erased {
		return nil, net.ErrClosed
	}
	_, _, block, trailer, err := c.context.Sizes()
	if err != nil {
		return nil, err
	}
	quality := uint32(0)
	if !seal {
		quality = wrapNoEncrypt
	}
	token, data, padding := make([]byte, trailer), bytes.Clone(message), make([]byte, block)
	b := make([]sspi.SecBuffer, 3)
	b[0].Set(sspi.SECBUFFER_TOKEN, token)
	b[1].Set(sspi.SECBUFFER_DATA, data)
	b[2].Set(sspi.SECBUFFER_PADDING, padding)
	status := sspi.EncryptMessage(c.context.Handle, quality, sspi.NewSecBufferDesc(b), c.sent)
	if status != sspi.SEC_E_OK {
		return nil, sspiError("Windows cannot protect a message", status)
	}
	c.sent++
	return bytes.Join([][]byte{token[:b[0].BufferSize], data[:b[1].BufferSize], padding[:b[2].BufferSize]}, nil), nil
}

func (c *sspiContext) unwrap(token []byte, sealed bool) ([]byte, error) {
	if c.erased {
		return nil, net.ErrClosed
	}
	if len(token) == 0 {
		return nil, errors.New("malformed wrap token")
	}
	stream := bytes.Clone(token)
	b := make([]sspi.SecBuffer, 2)
	b[0].Set(sspi.SECBUFFER_STREAM, stream)
	b[1].Set(sspi.SECBUFFER_DATA, nil)
	var quality uint32
	status := sspi.DecryptMessage(c.context.Handle, sspi.NewSecBufferDesc(b), c.received, &quality)
	if status != sspi.SEC_E_OK {
		return nil, sspiError("Windows refuses a message of the controller", status)
	}
	if encrypted := quality != wrapNoEncrypt; encrypted != sealed {
		return nil, fmt.Errorf("wrap token: encrypted is %v, not %v", encrypted, sealed)
	}
	c.received++
	message := bytes.Clone(b[1].Bytes()) // within stream
	runtime.KeepAlive(stream)
	return message, nil
}

func (c *sspiContext) erase() {
	if c.erased {
		return
	}
	c.erased = true
	if c.context.Handle != nil {
		_ = c.context.Release()
	}
	_ = c.credentials.Release()
}

// sspiError makes a sentence of a SECURITY_STATUS.
func sspiError(what string, err error) error {
	var status syscall.Errno
	if !errors.As(err, &status) {
		return winerr.Errorf(winerr.LogonFailure, "%s: %w", what, err)
	}
	code, advice := winerr.LogonFailure, "log on to the domain, or give a keytab or a password"
	switch status {
	case syscall.Errno(windows.SEC_E_TARGET_UNKNOWN), syscall.Errno(windows.SEC_E_WRONG_PRINCIPAL):
		code, advice = winerr.RPCServerUnavailable, "Kerberos does not know the controller by this name: give its full name as dc"
	case syscall.Errno(windows.SEC_E_TIME_SKEW):
		code, advice = winerr.TimeSkew, "the clocks differ too much: set the clock by NTP"
	}
	return winerr.Errorf(code, "%s (%w, %#x): %s", what, status, uint32(status), advice)
}
