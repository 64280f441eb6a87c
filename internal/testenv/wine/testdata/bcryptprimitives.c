/* The one function of bcryptprimitives.dll that Go programs need and Wine 8 lacks: random bytes that never fail. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size)
{
    return RtlGenRandom(data, (ULONG)size);
}
