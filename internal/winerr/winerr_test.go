package winerr

import (
	"strings"
	"testing"
)

// Codes that people quote from failed joins, with the names of winerror.h and lmerr.h.
func TestQuotedCodesHaveNames(t *testing.T) {
	t.Parallel()
	for code, name := range map[Code]string{
		53: "ERROR_BAD_NETPATH", 1326: "ERROR_LOGON_FAILURE", 1332: "ERROR_NONE_MAPPED", 1355: "ERROR_NO_SUCH_DOMAIN",
		1783: "RPC_X_BAD_STUB_DATA", 2453: "NERR_DCNotFound", 2692: "NERR_SetupNotJoined", 2693: "NERR_SetupDomainController",
		2694: "NERR_DefaultJoinRequired", 8557: "ERROR_DS_MACHINE_ACCOUNT_QUOTA_EXCEEDED", 0x80070032: "ERROR_NOT_SUPPORTED",
		0xC000018B: "STATUS_NO_TRUST_SAM_ACCOUNT", 50: "ERROR_NOT_SUPPORTED",
	} {
		if !strings.Contains(code.String(), name) || code.Text() == "" {
			t.Errorf("%d: %q, %q; want %s", uint32(code), code, code.Text(), name)
		}
	}
	if got := Code(4711).String(); got != "4711" {
		t.Errorf("an unknown code is %q", got)
	}
}

// A code has one name, and a name one code.
func TestCatalogueIsOne(t *testing.T) {
	t.Parallel()
	names := map[string]Code{}
	for _, table := range []map[Code]entry{catalogue, seen} {
		for code, e := range table {
			if other, twice := names[e.name]; twice || e.name == "" || e.text == "" {
				t.Errorf("%d: %q is also %d", code, e.name, other)
			}
			names[e.name] = code
		}
	}
	for code := range seen {
		if _, twice := catalogue[code]; twice {
			t.Errorf("%d is in both tables", code)
		}
	}
}

// What may pass by itself is what engines run again without anybody looking, so each code is sorted by hand.
func TestEveryCodeIsSortedByWhetherItMayPass(t *testing.T) {
	t.Parallel()
	passes := map[Code]bool{Busy: true, Timeout: true}
	stays := []Code{
		Success, FileNotFound, AccessDenied, NotEnoughMemory, OutOfMemory, NotReady, GenFailure, SharingViolation, LockViolation,
		NotSupported, InvalidParameter, DiskFull, DirNotEmpty, UnhandledException, ElevationRequired, OperationAborted, WriteFault, BrokenPipe,
		ServiceRequestTimeout, ServiceNotActive, ShutdownInProgress, Cancelled, ConnectionAborted, NoSuchUser,
		PasswordRestriction, LogonFailure, AccountRestriction, InvalidLogonHours, InvalidWorkstation, PasswordExpired,
		AccountDisabled, NoSuchDomain, TimeSkew, NoSystemResources, CommitmentLimit, RPCServerUnavailable, RPCServerTooBusy,
		AccountExpired, PasswordMustChange, AccountLockedOut, WkstaNotStarted, UserExists, DCNotFound, SetupAlreadyJoined,
		NoOfflineJoinInfo, BadOfflineJoinInfo, CantCreateJoinInfo, BadDomainJoinInfo, JoinPerformedMustRestart, NoJoinPending,
		ValuesNotSet, CantVerifyHostname, CantLoadOfflineHive, ConnectionInsecure, ProvisioningBlobUnsupported,
		TargetVersionUnsupported, InvalidMachineNameForJoin, AccountReuseBlocked, MachineAccountQuotaExceeded, SPNValueNotUnique,
	}
	sorted := map[Code]bool{}
	for code := range passes {
		sorted[code] = true
	}
	for _, code := range stays {
		sorted[code] = true
	}
	for code := range catalogue {
		if !sorted[code] {
			t.Errorf("%s is not sorted: say above whether it may pass by itself", code)
		}
		if code.Temporary() != passes[code] {
			t.Errorf("%s: Temporary is %v", code, code.Temporary())
		}
	}
	for code := range seen {
		if code.Temporary() {
			t.Errorf("%s is of Windows' logs, and never an answer of ours", code)
		}
	}
}
