// SPDX-License-Identifier: BSD-3-Clause
// Where data goes, and when a run ends early.

package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// output is stdout, and remembers what went wrong with it: a report that nobody got is no success.
type output struct {
	io.Writer
	err error // the first
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// interrupted returns a channel that is closed by the first SIGINT or SIGTERM, so that the run can end with its report. A
// second one ends ring0 as if nobody waited for it. So does each after the call of release.
func interrupted() (done <-chan struct{}, release func()) {
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, release)
	return ctx.Done(), release
}
