/* A netapi32.dll that records what NetRequestOfflineDomainJoin receives and returns the codes it is told to.
 *
 * Environment: STUB_DIR   Windows path of the folder for the record
 *              STUB_CODES decimal codes separated by commas: the first call returns the first, the last one repeats;
 *                         "crash" reads from address 0, "hang" never returns
 * Record:      call-N.bin the blob, N from 1
 *              call-N.txt "size N", "options N", "setup_type N", then "path " and the path in UTF-8
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static LONG calls;

static FILE *create(LONG call, const char *extension)
{
    char name[1024];
    snprintf(name, sizeof name, "%s\\call-%ld.%s", getenv("STUB_DIR"), (long)call, extension);
    return fopen(name, "wb");
}

/* What SYSTEM\Setup SetupType is at the time of the call; 4294967295 when it is absent. */
static DWORD setup_type(void)
{
    DWORD value = 0, size = sizeof value;
    LSTATUS status = RegGetValueW(HKEY_LOCAL_MACHINE, L"SYSTEM\\Setup", L"SetupType", RRF_RT_REG_DWORD, NULL, &value,
                                  &size);
    return status == ERROR_SUCCESS ? value : (DWORD)-1;
}

static void record(LONG call, const BYTE *data, DWORD size, DWORD options, LPCWSTR path)
{
    char utf8[1024] = "";
    FILE *f = create(call, "bin");
    if (f) {
        fwrite(data, 1, size, f);
        fclose(f);
    }
    WideCharToMultiByte(CP_UTF8, 0, path, -1, utf8, sizeof utf8, NULL, NULL);
    f = create(call, "txt");
    if (f) {
        fprintf(f, "size %lu\noptions %lu\nsetup_type %lu\npath %s\n", (unsigned long)size, (unsigned long)options,
                (unsigned long)setup_type(), utf8);
        fclose(f);
    }
}

/* The n-th word of STUB_CODES, or its last one. */
static const char *word(LONG n)
{
    const char *at = getenv("STUB_CODES");
    if (!at)
        return "0";
    while (--n > 0) {
        const char *next = strchr(at, ',');
        if (!next)
            break;
        at = next + 1;
    }
    return at;
}

__declspec(dllexport) DWORD WINAPI NetRequestOfflineDomainJoin(BYTE *data, DWORD size, DWORD options, LPCWSTR path)
{
    LONG call = InterlockedIncrement(&calls);
    const char *code = word(call);
    record(call, data, size, options, path);
    if (strncmp(code, "crash", 5) == 0)
        return *(volatile DWORD *)0;
    if (strncmp(code, "hang", 4) == 0)
        Sleep(INFINITE);
    return (DWORD)strtoul(code, NULL, 10);
}
