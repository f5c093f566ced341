// SPDX-License-Identifier: MIT
/* A preload that does nothing: what any preload costs. */
int bench_empty_preload;
