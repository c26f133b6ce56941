// SPDX-License-Identifier: BSD-3-Clause
// sorted.c with its exception table in disorder.
#define UNSORTED
#include "sorted.c"
