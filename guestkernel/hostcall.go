// SPDX-License-Identifier: BSD-3-Clause
// Calls of kernel and module functions from the host, in the context of a process: what a test does that cannot be done by a
// system call.

package guestkernel

// CallKernel has the process call a function at CPL 0 with its own kernel stack and address space, as if a system call did,
// and runs the machine until the call has an outcome: EAX in Value. The function may sleep and may die.
func (p *Process) CallKernel(g GuestCall) Outcome {
	if err := p.StartKernel(g); err != nil {
		return Outcome{Kind: InternalError, Err: err}
	}
	return p.Wait()
}

// StartKernel begins such a call, which Wait then waits for. Nothing runs yet.
func (p *Process) StartKernel(g GuestCall) error {
	if err := p.Start(0); err != nil || p.k.final != nil || p.ended {
		return err
	}
	p.request, p.inKernel = nil, &g
	return nil
}

// callInKernel makes the call that the host asked for. The HLT then reports its result as that of a system call.
func (p *Process) callInKernel(c *Call, f Frame) {
	g := *p.inKernel
	p.inKernel = nil
	invoke := func(*Call) {
		eax, _ := p.k.Invoke(g)
		f.Set(p.k.lay.PtRegs.Eax, eax)
	}
	c.beginsHere(invoke)
	invoke(c)
}
