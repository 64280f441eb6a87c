//go:build !windows

package activedirectory

import "github.com/offlinejoin/offlinejoin/internal/winerr"

// newSSPIContext refuses: SSPI is Windows'.
func newSSPIContext(string, []byte, bool) (securityContext, error) {
	return nil, winerr.New(winerr.NotSupported,
		"the current user can be used on Windows only: give a keytab, a credential cache or a password")
}
