package options

import "testing"

func TestAsFlags(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		`or set on_existing = "replace"`:                 `or give --on-existing replace`,
		`set on_existing = "replace" or reuse = "allow"`: `give --on-existing replace or --reuse allow`,
		`has a pass "Specialize"`:                        `has a pass "Specialize"`,
		`set security = "sealed"`:                        `give --ad-security sealed`,
		`set replace_live = true if it is gone`:          `give --account-replace-live if it is gone`,
		`use reuse = "own"`:                              `use --account-reuse own`,
		`dc = "dc1.corp.example.com" is`:                 `--dc dc1.corp.example.com is`,
		`toaster = "yes" is no option`:                   `toaster = "yes" is no option`,
		`an on_existing without a value`:                 `an --on-existing without a value`,
		`set reuse_reason, or ledger_file.`:              `set --reuse-reason, or --ledger-file.`,
		`/mnt/windows_path/ledger_file.db stays`:         `/mnt/windows_path/ledger_file.db stays`,
		`or change expect.machine_name`:                  `or change expect.machine_name`,
		`"blob_file" stays, and an id_rsa`:               `"--blob-file" stays, and an id_rsa`,
		``:                                               ``,

		`ledger and ledger_file are both there`:                    `--ledger and --ledger-file are both there`,
		`password_file and keytab are given, and`:                  `--ad-password-file and --ad-keytab are given, and`,
		`partition, overlay_path and copy_path are about the disk`: `--partition, --overlay-path and --copy-path are about the disk`,
		`the ledger and the domain are away`:                       `the ledger and the domain are away`,
		`toaster and keytab are given`:                             `toaster and keytab are given`,
	} {
		if got := AsFlags(message); got != want {
			t.Errorf("AsFlags(%q) = %q, want %q", message, got, want)
		}
	}
}
