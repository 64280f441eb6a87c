package offlinejoin

import (
	"context"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Stage makes the plan of req true and reads back what it wrote. A join that is staged already, in working order, is not
// written again. Errors are [winerr.Error]s that say whether anything was written, or the context's error when it ended
// first; 2732 is a second use of the account.
func Stage(ctx context.Context, req Request) (*Receipt, error) {
	p, err := prepare(ctx, req, imagefs.Write)
	if err != nil {
		return nil, nothingWritten(err)
	}
	defer p.close() // whatever was to be written has been committed
	if p.receipt.Outcome != OutcomeStaged {
		if err := p.remember(ctx); err != nil || len(p.edits) == 0 {
			return p.receipt, err
		}
		return p.receipt, newTransaction(p).adopt(ctx)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := newTransaction(p)
	if err := p.guarded(ctx, t); err != nil {
		return nil, err
	}
	t.reportStaged()
	p.method.announce(p.reporter, p.receipt.Blob)
	return p.receipt, nil
}

// nothingWritten adds to a refusal that it came before anything was written, unless a sentence of its own says so at its end.
func nothingWritten(err error) error {
	code, ok := winerr.CodeOf(err)
	if !ok || strings.HasSuffix(winerr.MessageOf(err), ".") {
		return err
	}
	stop := "."
	if strings.HasSuffix(winerr.MessageOf(err), "?") {
		stop = ""
	}
	return winerr.Errorf(code, "%w%s Nothing was written.", winerr.Uncoded(err), stop)
}
