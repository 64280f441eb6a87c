package winerr

import (
	"strings"
	"testing"
)

// TestReportedCodes are the codes that people quote from failed joins, and all that lmerr.h has for joins: names as documented.
func TestReportedCodes(t *testing.T) {
	t.Parallel()
	for code, name := range map[Code]string{
		5: "ERROR_ACCESS_DENIED", 50: "ERROR_NOT_SUPPORTED", 53: "ERROR_BAD_NETPATH", 1326: "ERROR_LOGON_FAILURE",
		1332: "ERROR_NONE_MAPPED", 1355: "ERROR_NO_SUCH_DOMAIN", 1783: "RPC_X_BAD_STUB_DATA", 2224: "NERR_UserExists",
		2453: "NERR_DCNotFound", 2691: "NERR_SetupAlreadyJoined", 2692: "NERR_SetupNotJoined", 2693: "NERR_SetupDomainController",
		2694: "NERR_DefaultJoinRequired", 2695: "NERR_InvalidWorkgroupName", 2696: "NERR_NameUsesIncompatibleCodePage",
		2697: "NERR_ComputerAccountNotFound", 2698: "NERR_PersonalSku", 2699: "NERR_SetupCheckDNSConfig",
		2700: "NERR_AlreadyCloudDomainJoined", 2701: "NERR_PasswordMustChange", 2702: "NERR_AccountLockedOut",
		2703: "NERR_PasswordTooLong", 2704: "NERR_PasswordNotComplexEnough", 2705: "NERR_PasswordFilterError",
		2709: "NERR_NoOfflineJoinInfo", 2710: "NERR_BadOfflineJoinInfo", 2711: "NERR_CantCreateJoinInfo",
		2712: "NERR_BadDomainJoinInfo", 2713: "NERR_JoinPerformedMustRestart", 2714: "NERR_NoJoinPending",
		2715: "NERR_ValuesNotSet", 2716: "NERR_CantVerifyHostname", 2717: "NERR_CantLoadOfflineHive",
		2718: "NERR_ConnectionInsecure", 2719: "NERR_ProvisioningBlobUnsupported", 2723: "NERR_TargetVersionUnsupported",
		2724: "NERR_InvalidMachineNameForJoin", 2732: "NERR_AccountReuseBlockedByPolicy",
		8557: "ERROR_DS_MACHINE_ACCOUNT_QUOTA_EXCEEDED", 8647: "ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST",
		0x8007_0032: "HRESULT of ERROR_NOT_SUPPORTED", 0x8007_052E: "HRESULT of ERROR_LOGON_FAILURE",
		0x8007_0A83: "HRESULT of NERR_SetupAlreadyJoined", 0x8009_0322: "SEC_E_WRONG_PRINCIPAL", 0xC000_006D: "STATUS_LOGON_FAILURE",
	} {
		if code.Name() != name || code.Text() == "" || !strings.HasSuffix(code.String(), " "+name) {
			t.Errorf("%d is %q (%q), want %s", uint32(code), code, code.Text(), name)
		}
	}
	for _, unknown := range []Code{0x8007_0000 | 60_000, 0x8008_0005} {
		if name := unknown.Name(); name != "" {
			t.Errorf("%#x is called %q", uint32(unknown), name)
		}
	}
}
