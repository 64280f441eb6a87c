// Package winerr is the catalogue of the Windows error codes that this project speaks: the Win32 and NERR numbers that
// Microsoft documents for NetRequestOfflineDomainJoin, NetProvisionComputerAccount and the functions around them
// (lmerr.h, winerror.h), with their names and a text of our own.
//
// An [Error] carries one code and one sentence for people; its text ends with the number and the name, such as
// "(50 ERROR_NOT_SUPPORTED)". Whatever refuses a user's request does so with an Error. The engines (regf, ndr) do not
// import this package and have errors of their own, which become an Error on their way up; a context that has ended keeps
// its own.
package winerr

import (
	"errors"
	"fmt"
	"strconv"
)

// Code is a Win32 error number.
type Code uint32

// The codes, by their documented names (lmerr.h, winerror.h).
const (
	Success                     Code = 0
	FileNotFound                Code = 2
	AccessDenied                Code = 5
	NotEnoughMemory             Code = 8
	OutOfMemory                 Code = 14
	NotReady                    Code = 21
	WriteFault                  Code = 29
	GenFailure                  Code = 31
	SharingViolation            Code = 32
	LockViolation               Code = 33
	NotSupported                Code = 50
	InvalidParameter            Code = 87
	BrokenPipe                  Code = 109
	DiskFull                    Code = 112
	DirNotEmpty                 Code = 145
	Busy                        Code = 170
	UnhandledException          Code = 574
	ElevationRequired           Code = 740
	OperationAborted            Code = 995
	ServiceRequestTimeout       Code = 1053
	ServiceNotActive            Code = 1062
	ShutdownInProgress          Code = 1115
	Cancelled                   Code = 1223
	ConnectionAborted           Code = 1236
	NoSuchUser                  Code = 1317
	PasswordRestriction         Code = 1325
	LogonFailure                Code = 1326
	AccountRestriction          Code = 1327
	InvalidLogonHours           Code = 1328
	InvalidWorkstation          Code = 1329
	PasswordExpired             Code = 1330
	AccountDisabled             Code = 1331
	NoSuchDomain                Code = 1355
	TimeSkew                    Code = 1398
	NoSystemResources           Code = 1450
	CommitmentLimit             Code = 1455
	Timeout                     Code = 1460
	RPCServerUnavailable        Code = 1722
	RPCServerTooBusy            Code = 1723
	AccountExpired              Code = 1793
	PasswordMustChange          Code = 1907
	AccountLockedOut            Code = 1909
	WkstaNotStarted             Code = 2138
	UserExists                  Code = 2224
	DCNotFound                  Code = 2453
	SetupAlreadyJoined          Code = 2691
	NoOfflineJoinInfo           Code = 2709
	BadOfflineJoinInfo          Code = 2710
	CantCreateJoinInfo          Code = 2711
	BadDomainJoinInfo           Code = 2712
	JoinPerformedMustRestart    Code = 2713
	NoJoinPending               Code = 2714
	ValuesNotSet                Code = 2715
	CantVerifyHostname          Code = 2716
	CantLoadOfflineHive         Code = 2717
	ConnectionInsecure          Code = 2718
	ProvisioningBlobUnsupported Code = 2719
	TargetVersionUnsupported    Code = 2723
	InvalidMachineNameForJoin   Code = 2724
	AccountReuseBlocked         Code = 2732
	MachineAccountQuotaExceeded Code = 8557
	SPNValueNotUnique           Code = 8647
)

type entry struct{ name, text string }

var catalogue = map[Code]entry{
	Success:                     {"NERR_Success", "done"},
	FileNotFound:                {"ERROR_FILE_NOT_FOUND", "the file does not exist"},
	AccessDenied:                {"ERROR_ACCESS_DENIED", "access is denied"},
	NotEnoughMemory:             {"ERROR_NOT_ENOUGH_MEMORY", "there is not enough memory"},
	OutOfMemory:                 {"ERROR_OUTOFMEMORY", "there is not enough memory"},
	NotReady:                    {"ERROR_NOT_READY", "the system is not ready"},
	WriteFault:                  {"ERROR_WRITE_FAULT", "the device cannot be written to"},
	GenFailure:                  {"ERROR_GEN_FAILURE", "something in the system does not work"},
	SharingViolation:            {"ERROR_SHARING_VIOLATION", "the file is in use by another process"},
	LockViolation:               {"ERROR_LOCK_VIOLATION", "a part of the file is locked by another process"},
	NotSupported:                {"ERROR_NOT_SUPPORTED", "the request is not supported"},
	InvalidParameter:            {"ERROR_INVALID_PARAMETER", "an argument is missing or wrong"},
	BrokenPipe:                  {"ERROR_BROKEN_PIPE", "nobody reads what is written any more"},
	DiskFull:                    {"ERROR_DISK_FULL", "there is not enough space on the disk"},
	DirNotEmpty:                 {"ERROR_DIR_NOT_EMPTY", "it is not empty"},
	Busy:                        {"ERROR_BUSY", "the resource is in use"},
	UnhandledException:          {"ERROR_UNHANDLED_EXCEPTION", "the program crashed"},
	ElevationRequired:           {"ERROR_ELEVATION_REQUIRED", "the operation needs elevation"},
	OperationAborted:            {"ERROR_OPERATION_ABORTED", "the operation was broken off"},
	ServiceRequestTimeout:       {"ERROR_SERVICE_REQUEST_TIMEOUT", "a service did not answer in time"},
	ServiceNotActive:            {"ERROR_SERVICE_NOT_ACTIVE", "a service has not been started"},
	ShutdownInProgress:          {"ERROR_SHUTDOWN_IN_PROGRESS", "the system is shutting down"},
	Cancelled:                   {"ERROR_CANCELLED", "the operation was cancelled by the user"},
	ConnectionAborted:           {"ERROR_CONNECTION_ABORTED", "the connection was lost"},
	NoSuchUser:                  {"ERROR_NO_SUCH_USER", "the account does not exist"},
	PasswordRestriction:         {"ERROR_PASSWORD_RESTRICTION", "the password does not meet the rules of the domain"},
	LogonFailure:                {"ERROR_LOGON_FAILURE", "the user name or password is wrong"},
	AccountRestriction:          {"ERROR_ACCOUNT_RESTRICTION", "a restriction of the account forbids the logon"},
	InvalidLogonHours:           {"ERROR_INVALID_LOGON_HOURS", "the account may not log on at this time"},
	InvalidWorkstation:          {"ERROR_INVALID_WORKSTATION", "the account may not log on from this computer"},
	PasswordExpired:             {"ERROR_PASSWORD_EXPIRED", "the password has expired"},
	AccountDisabled:             {"ERROR_ACCOUNT_DISABLED", "the account is disabled"},
	NoSuchDomain:                {"ERROR_NO_SUCH_DOMAIN", "the domain does not exist or cannot be reached"},
	TimeSkew:                    {"ERROR_TIME_SKEW", "the clocks of client and server differ too much"},
	NoSystemResources:           {"ERROR_NO_SYSTEM_RESOURCES", "there are not enough system resources"},
	CommitmentLimit:             {"ERROR_COMMITMENT_LIMIT", "the paging file is too small"},
	Timeout:                     {"ERROR_TIMEOUT", "the time limit ran out"},
	RPCServerUnavailable:        {"RPC_S_SERVER_UNAVAILABLE", "a service of the system does not answer"},
	RPCServerTooBusy:            {"RPC_S_SERVER_TOO_BUSY", "a service of the system is too busy"},
	AccountExpired:              {"ERROR_ACCOUNT_EXPIRED", "the account has expired"},
	PasswordMustChange:          {"ERROR_PASSWORD_MUST_CHANGE", "the password must be changed before the first logon"},
	AccountLockedOut:            {"ERROR_ACCOUNT_LOCKED_OUT", "the account is locked out"},
	WkstaNotStarted:             {"NERR_WkstaNotStarted", "the Workstation service has not been started"},
	UserExists:                  {"NERR_UserExists", "the account already exists"},
	DCNotFound:                  {"NERR_DCNotFound", "no usable domain controller was found"},
	SetupAlreadyJoined:          {"NERR_SetupAlreadyJoined", "the machine is already joined to a domain"},
	NoOfflineJoinInfo:           {"NERR_NoOfflineJoinInfo", "no offline join is staged"},
	BadOfflineJoinInfo:          {"NERR_BadOfflineJoinInfo", "the staged offline join data is bad"},
	CantCreateJoinInfo:          {"NERR_CantCreateJoinInfo", "the offline join data cannot be written"},
	BadDomainJoinInfo:           {"NERR_BadDomainJoinInfo", "the domain join data to be saved is incomplete"},
	JoinPerformedMustRestart:    {"NERR_JoinPerformedMustRestart", "the join was performed and needs a restart"},
	NoJoinPending:               {"NERR_NoJoinPending", "no join is pending"},
	ValuesNotSet:                {"NERR_ValuesNotSet", "the machine or domain names could not be set"},
	CantVerifyHostname:          {"NERR_CantVerifyHostname", "the host name differs from the saved one"},
	CantLoadOfflineHive:         {"NERR_CantLoadOfflineHive", "a registry hive of the image is missing, locked or damaged"},
	ConnectionInsecure:          {"NERR_ConnectionInsecure", "the connection is not secure enough"},
	ProvisioningBlobUnsupported: {"NERR_ProvisioningBlobUnsupported", "this version of provisioning blob is not supported"},
	TargetVersionUnsupported:    {"NERR_TargetVersionUnsupported", "the image's Windows version is not supported"},
	InvalidMachineNameForJoin:   {"NERR_InvalidMachineNameForJoin", "the machine name is not valid for a join"},
	AccountReuseBlocked:         {"NERR_AccountReuseBlockedByPolicy", "a policy forbids to reuse the account"},
	MachineAccountQuotaExceeded: {"ERROR_DS_MACHINE_ACCOUNT_QUOTA_EXCEEDED", "the user may not make more computer accounts"},
	SPNValueNotUnique:           {"ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST", "another account has the service principal name"},
}

// Name returns the documented symbol, such as "NERR_CantLoadOfflineHive", and "" for a code not in the catalogue.
func (c Code) Name() string { return entryOf(c).name }

// Text returns a short description in our own words, and "" for a code not in the catalogue.
func (c Code) Text() string { return entryOf(c).text }

// String returns number and name, such as "50 ERROR_NOT_SUPPORTED"; the number alone for a code not in the catalogue.
func (c Code) String() string {
	number := strconv.FormatUint(uint64(c), 10)
	if n := c.Name(); n != "" {
		return number + " " + n
	}
	return number
}

// Temporary reports whether what a code says may pass by itself, so that the same command may do better a little later:
// somebody else has a lock, an answer did not come in time, a ledger's database is away (which is told as 170 or 1460). Of
// every other code the user, or somebody, has to change something first.
func (c Code) Temporary() bool { return c == Busy || c == Timeout }

// Error is a refusal or failure with its documented code.
type Error struct {
	Code    Code
	Message string // one sentence: what, on what, what now; without the code
	Err     error  // the cause, or nil
}

// New makes an Error of a sentence. Unlike [Errorf] it needs no package fmt, which the completion program has no room
// for.
func New(code Code, message string) *Error { return &Error{Code: code, Message: message} }

// Errorf makes an Error from a format; a %w operand becomes its cause.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Err: errors.Unwrap(err)}
}

// Error returns the sentence, ending with the code: "… (50 ERROR_NOT_SUPPORTED)".
func (e *Error) Error() string { return e.Message + " (" + e.Code.String() + ")" }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// MessageOf returns the sentence of the first [Error] in err's chain, without the code at its end, and the whole text of
// another error.
func MessageOf(err error) string {
	if e, is := errors.AsType[*Error](err); is {
		return e.Message
	}
	return err.Error()
}

// Uncoded returns an error that is err, but whose text has no code at its end: for a longer sentence that ends with it.
func Uncoded(err error) error { return uncoded{err} }

type uncoded struct{ error }

func (u uncoded) Error() string { return MessageOf(u.error) }
func (u uncoded) Unwrap() error { return u.error }

// CodeOf returns the code of the first [Error] in err's chain, and ok = false when there is none.
func CodeOf(err error) (code Code, ok bool) {
	if e, is := errors.AsType[*Error](err); is {
		return e.Code, true
	}
	return 0, false
}
