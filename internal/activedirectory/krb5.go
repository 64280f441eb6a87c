package activedirectory

import (
	_ "github.com/jcmturner/gokrb5/v8/config"
	_ "github.com/jcmturner/gokrb5/v8/credentials"
	_ "github.com/jcmturner/gokrb5/v8/crypto"
	_ "github.com/jcmturner/gokrb5/v8/keytab"
	_ "github.com/jcmturner/gokrb5/v8/messages"
)
