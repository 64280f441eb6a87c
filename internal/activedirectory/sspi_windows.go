package activedirectory

import (
	_ "github.com/alexbrainman/sspi/kerberos"
)
