package boot

import "time"

// tell is step 10: the outcome goes to the log and to the Application event log. Either that fails is nobody's loss,
// because the registry has the same; that the event log failed is told in the log. A start without anything to tell of
// leaves no event, and so no event source either.
func (r *run) tell(out Outcome) {
	r.log(out.State + ": " + out.Text)
	if out.Again || r.noRecord {
		return
	}
	done := make(chan error, 1)
	go func() { done <- guarded(func() error { return r.sys.Event(out.event(), out.Text) }) }()
	limit := time.NewTimer(r.limits.Event)
	defer limit.Stop()
	select {
	case err := <-done:
		if err != nil {
			r.log("no event was written: " + oneLine(err.Error()))
		}
	case <-limit.C:
		r.log("no event was written: the event log did not answer within " + r.limits.Event.String())
	}
}

func (r *run) log(line string) {
	_ = guarded(func() error {
		r.sys.Log(line)
		return nil
	})
}
