/* SPDX-License-Identifier: MIT */
/*
 * Names of functions, for people. JSON keeps the symbol as it is: tools demangle all of it.
 */
#ifndef FDG_REPORT_FUNCTION_H
#define FDG_REPORT_FUNCTION_H

#include <stdbool.h>

#include "base/fmt.h"
#include "report/report.h"

#define FDG_FUNCTION_MAX 256

/*
 * "DataApi::connect+0x4b" for "_ZN7DataApi7connectEPKci+0x4b": C++ (and old Rust) names of namespaces and classes, without parameters. What is no such name, or has a template in
 * it, is returned as it is; else the result is in `room`. Async-signal-safe.
 */
const char *fdg_function(const char *symbol, char room[FDG_FUNCTION_MAX]);
/* As fdg_symbol_of. */
bool fdg_function_of(const struct fdg_place *p, struct fdg_buf *ret);

#endif
