// SPDX-License-Identifier: BSD-3-Clause

// Chapters that are not written yet: their instructions stop the run by name.

package vm

var fpuOps opTable
