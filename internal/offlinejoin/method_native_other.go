//go:build !windows

package offlinejoin

import "github.com/offlinejoin/offlinejoin/internal/winerr"

const nativeHere = false

func requestOfflineDomainJoin([]byte, uint32, string) winerr.Code { return winerr.NotSupported }
