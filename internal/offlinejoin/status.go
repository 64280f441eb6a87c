package offlinejoin

import (
	"context"
	"fmt"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// ReadStatus tells what an image holds. It writes nothing.
func ReadStatus(ctx context.Context, req StatusRequest) (*Status, error) {
	im, err := req.place().open(ctx, winimage.Read)
	if err != nil {
		return nil, err
	}
	defer im.Close() // nothing was written
	r, err := readRecord(im.System())
	if err != nil {
		return nil, err
	}
	defer r.wipe()
	st := status(&r, im.Facts())
	return &st, nil
}

// status makes of a record and of an image's facts what people and front ends are told.
func status(r *record, f winimage.Facts) Status {
	st := Status{State: StateAbsent, Image: imageFacts(f)}
	switch {
	case r.there && r.state != "":
		st.State = State(r.state)
		st.Method, st.Fingerprint = Method(r.method), r.fingerprint
		st.MachineName, st.Domain = r.machine, r.domain
		st.StagedAt, st.StagedBy, st.CompletedAt = r.stagedAt, r.stagedBy, r.completedAt
		st.Attempts, st.Result, st.ResultText = r.attempts, r.result, r.resultText
		st.Detail = recordDetail(r)
		if known := st.State == StateStaged || st.State == StateCompleted || st.State == StateFailed; !known {
			st.State, st.Detail = StateForeign, fmt.Sprintf("our key has the unknown state %q", r.state)
		}
	case len(f.PendingJoins) > 0:
		st.State, st.Detail = StateForeign, pendingDetail(f.PendingJoins)
	case f.Membership.Joined:
		m := f.Membership
		st.State, st.Domain, st.MachineName = StateJoined, m.DomainName, f.ComputerName
		if st.Domain == "" {
			st.Domain = m.NetBIOSName
		}
		st.Detail = "the machine is a member of " + st.Domain
	}
	return st
}

// recordDetail tells what a staged record lacks.
func recordDetail(r *record) string {
	switch {
	case r.state != completion.StateStaged:
		return ""
	case r.attempts > 0:
		return "the completion program has started, but did not finish"
	case r.method == completion.MethodRegistry && len(r.blob) == 0:
		return "the blob is missing: stage it again"
	case r.method == completion.MethodRegistry && !r.hook.armed():
		return "the completion program is not armed: stage it again"
	}
	return ""
}

func pendingDetail(pending []winimage.PendingJoin) string {
	keys := make([]string, len(pending))
	for i, p := range pending {
		keys[i] = p.Key
	}
	return "another tool has left a join to be completed (" + strings.Join(keys, ", ") + ")"
}
